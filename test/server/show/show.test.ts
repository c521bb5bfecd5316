import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { showFile } from '../../../server/show/show-file.ts'
import type { ShowFile } from '../../../server/show/show-file.ts'
import { serve } from '../../serve.ts'
import type { ServeOptions } from '../../serve.ts'
import { until } from '../../until.ts'
import { enter, sit } from './guest.ts'
import { testShow } from './suite.ts'

const open = (options: ServeOptions = {}) =>
  serve({ ...options, times: { countsMs: 5, seatsMs: 5, saveMs: 5, driverGoneMs: 50, ...options.times } })

/** A file that keeps nothing. */
const NO_FILE: ShowFile = { read: () => null, write: async () => {}, keep: async () => '', kept: async () => null }

testShow(open)

test('two pages that say “next class” at once begin one, in which a scene that began meanwhile has no effect', async () => {
  const kept = Promise.withResolvers<string>()
  const keep = vi.fn<ShowFile['keep']>(() => kept.promise)
  await using server = await open({ showFile: { ...NO_FILE, keep } })
  const [presenter, remote, stage] = [
    await enter(server.origin),
    await enter(server.origin),
    await enter(server.origin),
  ]
  stage.say({ say: 'follow', seats: false })
  for (const [i, page] of [presenter, remote].entries()) {
    for (const say of ['take', 'next class'] as const) page.say({ say })
    await vi.waitUntil(() => keep.mock.calls.length > i)
  }
  stage.say({ say: 'take' })
  stage.say({ say: 'go', scene: 'firewall', step: 'run' })
  await stage.stateWith({ scene: 'firewall', step: 'run' })
  kept.resolve('')
  await stage.stateWith({ room: 'class-2', scene: 'join', step: 'predict' })
  stage.say({ say: 'stage', blank: true })
  expect(await stage.stateWith({ blank: true })).toMatchObject({ room: 'class-2' })
  const next = await enter(server.origin, { room: 'class-2' })
  await until('the settings are told', () => next.settings())
  expect(next.settings()).toMatchObject({ conditions: { firewall: false, latencyMs: 0 } })
})

test('a restarted server goes on with the show: seats, votes, driver, and the settings of the scene that runs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'show-'))
  const file = showFile(join(folder, 'feed.db'))
  const first = await open({ showFile: file, times: { driverGoneMs: 10_000 } })
  const stage = await enter(first.origin)
  stage.say({ say: 'follow', seats: false })
  stage.say({ say: 'go', scene: 'firewall', step: 'predict' })
  const phone = await sit(first.origin, 'a', { name: 'Ada' })
  phone.say({ say: 'vote', scene: 'firewall', answer: 2 })
  await until('the vote is confirmed', () => phone.told('seat').at(-1)?.vote === 2)
  stage.say({ say: 'go', scene: 'firewall', step: 'run' })
  const before = await stage.stateWith({ step: 'run' })
  await first.close()
  await using second = await open({ showFile: file, times: { driverGoneMs: 10_000 } })
  const again = await enter(second.origin, { page: stage.page })
  again.say({ say: 'follow', seats: false })
  const state = await again.stateWith({ scene: 'firewall', step: 'run', votes: [0, 0, 1, 0], driver: before.driver })
  expect(state.version).toBeGreaterThan(before.version)
  expect(again.settings()).toMatchObject({ ratePerSecond: 2, conditions: { firewall: true, latencyMs: 5 } })
  const back = await sit(second.origin, 'a', { name: 'Ada' })
  expect(await back.next('seat')).toMatchObject({ seat: { seat: 1, name: 'Ada' }, vote: 2 })
  again.say({ say: 'go', scene: 'firewall', step: 'explain' })
  await again.stateWith({ step: 'explain' })
  expect(again.settings()).toMatchObject({ ratePerSecond: 1, conditions: { firewall: false, latencyMs: 0 } })
})

test('next class keeps the session of the old one in a file beside the data', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'show-'))
  await using server = await open({ showFile: showFile(join(folder, 'feed.db')) })
  const stage = await enter(server.origin)
  stage.say({ say: 'follow', seats: false })
  stage.say({ say: 'next class' })
  await stage.stateWith({ room: 'class-2' })
  const [kept = ''] = readdirSync(folder).filter((name) => name.startsWith('feed.class-1.'))
  expect(JSON.parse(readFileSync(join(folder, kept), 'utf8'))).toMatchObject({ room: 'class-1', scenes: [] })
  const get = (query: string) => fetch(`${server.origin}/stage/session.json${query}`)
  expect(await (await get('?room=class-1')).text()).toBe(readFileSync(join(folder, kept), 'utf8'))
  expect(await (await get('?room=class-2')).json()).toMatchObject({ room: 'class-2' })
  const missing = await get('?room=class-3')
  expect([missing.status, await missing.json()]).toMatchObject([404, { detail: expect.stringContaining(`"class-3"`) }])
})

test('a vote is confirmed only when it is saved, and a file that cannot be written is an error', async () => {
  const file: ShowFile = { ...NO_FILE, write: () => Promise.reject(new Error('full')) }
  await using server = await open({ showFile: file })
  const phone = await sit(server.origin, 'a')
  expect(phone.errors()).toMatchObject([
    { code: 'log-unavailable', message: 'The file of the show cannot be written.' },
  ])
  expect(phone.told('seat')).toEqual([])
})

test('a show whose scene no longer exists begins with the first scene, and keeps its seats', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'show-'))
  const file = showFile(join(folder, 'feed.db'))
  const first = await open({ showFile: file })
  const stage = await enter(first.origin)
  stage.say({ say: 'go', scene: 'firewall', step: 'run' })
  await (await sit(first.origin, 'a')).next('seat')
  await first.close()
  const path = join(folder, 'feed.show.json')
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replaceAll('"firewall"', '"gone"').replaceAll('"name":"gone"', '"name":"firewall"'),
  )
  await using second = await open({ showFile: file })
  const page = await enter(second.origin)
  page.say({ say: 'follow', seats: true })
  expect((await page.next('state')).state).toMatchObject({ scene: 'join', step: 'predict' })
  expect((await page.next('seats')).seats).toMatchObject([{ seat: 1, here: false }])
  expect(page.settings()).toMatchObject({ ratePerSecond: 1, conditions: { firewall: false } })
})

test('a file that contains no show is an error that names the file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'show-'))
  writeFileSync(join(folder, 'feed.show.json'), '{"record":{}}')
  expect(() => showFile(join(folder, 'feed.db')).read()).toThrow(/feed\.show\.json contains no valid show/)
})

test('a class that cannot be saved does not end', async () => {
  const file: ShowFile = { ...NO_FILE, keep: () => Promise.reject(new Error('full')) }
  await using server = await open({ showFile: file })
  const stage = await enter(server.origin)
  stage.say({ say: 'follow', seats: false })
  expect(await stage.refused({ say: 'next class' })).toMatchObject({
    code: 'log-unavailable',
    message: 'The class cannot be saved, so it has not ended.',
  })
  expect(await (await fetch(`${server.origin}/show`)).json()).toMatchObject({ room: 'class-1' })
})

test('a show that nobody uses has no file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'show-'))
  const server = await open({ showFile: showFile(join(folder, 'feed.db')) })
  const page = await enter(server.origin)
  page.say({ say: 'follow', seats: false })
  await page.next('state')
  await server.close()
  expect(readdirSync(folder)).toEqual([])
})
