import { expect, test } from 'vitest'
import { serve } from '../../serve.ts'
import type { ServeOptions } from '../../serve.ts'
import { until } from '../../until.ts'
import { enter, sit } from './guest.ts'

const TOKEN = 'a token of the instructor'

const open = (options: ServeOptions = {}) =>
  serve({ ...options, times: { countsMs: 5, seatsMs: 5, driverGoneMs: 50, ...options.times } })

test('a page learns the room of the class, and gets the scenes and the state in the lab of this room', async () => {
  await using server = await open()
  const shown = await (await fetch(`${server.origin}/show`)).json()
  expect(shown).toEqual({ room: 'class-1', scene: 'join', step: 'predict', version: 1 })
  const page = await enter(server.origin, { room: shown.room })
  page.say({ say: 'follow', seats: true })
  const { scenes, client } = await page.next('scenes')
  expect(scenes.map(({ id }) => id).slice(0, 2)).toEqual(['join', 'news'])
  expect(client).not.toBe(page.page)
  expect(page.state()).toMatchObject({ scene: 'join', step: 'predict', here: 0, voted: 0, driver: null })
  expect((await page.next('seats')).seats).toEqual([])
})

test('the instructor who moves the show first drives it, and every page gets the new step', async () => {
  await using server = await open()
  const stage = await enter(server.origin)
  const phone = await enter(server.origin)
  for (const page of [stage, phone]) page.say({ say: 'follow', seats: false })
  stage.say({ say: 'go', scene: 'news', step: 'predict' })
  const { client } = await stage.next('scenes')
  expect(await phone.stateWith({ scene: 'news', step: 'predict' })).toMatchObject({ driver: client })
})

test('a second instructor must take over before moving the show, and the error says how', async () => {
  await using server = await open()
  const [stage, remote] = [await enter(server.origin), await enter(server.origin)]
  stage.say({ say: 'follow', seats: false })
  remote.say({ say: 'follow', seats: false })
  stage.say({ say: 'go', scene: 'news', step: 'predict' })
  await remote.stateWith({ scene: 'news' })
  expect(await remote.refused({ say: 'go', scene: 'cost', step: 'predict' })).toMatchObject({
    code: 'not-driver',
    remedy: expect.stringContaining('"say":"take"'),
  })
  remote.say({ say: 'take' })
  remote.say({ say: 'go', scene: 'cost', step: 'predict' })
  await stage.stateWith({ scene: 'cost', driver: (await remote.next('scenes')).client })
  expect(await stage.refused({ say: 'go', scene: 'join', step: 'predict' })).toMatchObject({ code: 'not-driver' })
})

test('a driver without a connection drives no longer after some time, but one that comes back still drives', async () => {
  await using server = await open({})
  const watcher = await enter(server.origin)
  watcher.say({ say: 'follow', seats: false })
  const driver = await enter(server.origin)
  driver.say({ say: 'take' })
  const client = await until('there is a driver', () => watcher.state()?.driver)
  await driver.leave()
  const again = await enter(server.origin, { page: driver.page })
  again.say({ say: 'follow', seats: false })
  expect((await again.next('scenes')).client).toBe(client)
  expect(again.state()).toMatchObject({ driver: client })
  await again.leave()
  await watcher.stateWith({ driver: null })
})

test('only an instructor moves the show', async () => {
  await using server = await open({ isShared: true, token: TOKEN })
  const phone = await sit(server.origin, 'a')
  for (const saying of [{ say: 'take' }, { say: 'go', scene: 'news', step: 'run' }])
    expect(await phone.refused(saying)).toMatchObject({ code: 'not-instructor' })
  const stage = await enter(server.origin, { token: TOKEN })
  stage.say({ say: 'go', scene: 'news', step: 'predict' })
  await phone.stateWith({ scene: 'news' })
})

test('only an instructor gets the notes of the scenes', async () => {
  await using server = await open({ isShared: true, token: TOKEN })
  const page = await enter(server.origin)
  page.say({ say: 'follow', seats: false })
  expect((await page.next('scenes')).scenes.flatMap(({ notes }) => notes)).toEqual([])
  page.send({ type: 'instructor', token: TOKEN })
  page.say({ say: 'go', scene: 'news', step: 'predict' })
  await page.stateWith({ scene: 'news' })
  expect(
    page
      .told('scenes')
      .at(-1)
      ?.scenes.flatMap(({ notes }) => notes),
  ).not.toEqual([])
})

test('the server deals each transport of the scenes to an equal share of the seats', async () => {
  await using server = await open()
  const dealt: string[] = []
  for (const key of '12345678') dealt.push((await (await sit(server.origin, key)).next('seat')).seat.dealt)
  expect(dealt.slice(0, 4).toSorted()).toEqual(['long-poll', 'short-poll', 'sse', 'ws'])
  expect(dealt.slice(4)).toEqual(dealt.slice(0, 4))
})

test('a key keeps its seat, and no page gets the key', async () => {
  await using server = await open()
  const first = await sit(server.origin, 'a')
  const { seat } = await first.next('seat')
  await first.leave()
  const again = await sit(server.origin, 'a', { name: 'Ada' })
  expect((await again.next('seat')).seat).toEqual({ ...seat, name: 'Ada' })
  expect(JSON.stringify(again.told('seat'))).not.toMatch(/key/)
})

test('if two pages have the same key, the newer one has the seat and the older one is told', async () => {
  await using server = await open()
  const older = await sit(server.origin, 'a')
  const newer = await sit(server.origin, 'a')
  await older.next('taken')
  expect((await newer.next('seat')).seat.seat).toBe(1)
  expect(await older.refused({ say: 'fell back', why: null })).toMatchObject({ code: 'no-seat' })
})

test('a seat has one vote, which it may change until the vote is closed, and only the instructor sees votes before', async () => {
  await using server = await open({ isShared: true, token: TOKEN })
  const stage = await enter(server.origin, { token: TOKEN })
  stage.say({ say: 'follow', seats: false })
  stage.say({ say: 'go', scene: 'news', step: 'predict' })
  const [a, b] = [await sit(server.origin, 'a'), await sit(server.origin, 'b')]
  for (const answer of [0, 2]) a.say({ say: 'vote', scene: 'news', answer })
  b.say({ say: 'vote', scene: 'news', answer: 2 })
  await stage.stateWith({ voted: 2, votes: [0, 0, 2, 0] })
  await a.stateWith({ voted: 2, votes: null })
  b.say({ say: 'vote', scene: 'news', answer: null })
  await stage.stateWith({ voted: 1, votes: [0, 0, 1, 0] })
  stage.say({ say: 'go', scene: 'news', step: 'closed' })
  await a.stateWith({ step: 'closed', votes: [0, 0, 1, 0] })
  expect(await a.refused({ say: 'vote', scene: 'news', answer: 0 })).toMatchObject({
    code: 'vote-closed',
    message: 'The vote for "How old is the news?" is closed.',
  })
})

test('a vote for another scene or for an answer that does not exist is refused, and a scene keeps its votes', async () => {
  await using server = await open()
  const stage = await enter(server.origin)
  stage.say({ say: 'follow', seats: false })
  stage.say({ say: 'go', scene: 'news', step: 'predict' })
  const phone = await sit(server.origin, 'a')
  phone.say({ say: 'vote', scene: 'news', answer: 1 })
  await stage.stateWith({ votes: [0, 1, 0, 0] })
  stage.say({ say: 'go', scene: 'cost', step: 'predict' })
  await phone.stateWith({ scene: 'cost', voted: 0 })
  expect(await phone.refused({ say: 'vote', scene: 'news', answer: 0 })).toMatchObject({ code: 'vote-closed' })
  expect(await phone.refused({ say: 'vote', scene: 'cost', answer: 4 })).toMatchObject({ code: 'bad-message' })
  stage.say({ say: 'go', scene: 'news', step: 'predict' })
  await phone.stateWith({ scene: 'news', voted: 1 })
})

test('a page of another room follows the show but cannot sit in it', async () => {
  await using server = await open()
  const page = await enter(server.origin, { room: 'lobby' })
  page.say({ say: 'follow', seats: false })
  expect((await page.next('state')).state.room).toBe('class-1')
  expect(await page.refused({ say: 'sit', key: 'some-secret', name: '' })).toMatchObject({
    code: 'other-class',
    message: 'This page is in the room "lobby", but the class is in "class-1".',
  })
})

test('what is nothing that a page can say is refused, and the error names the field', async () => {
  await using server = await open()
  const phone = await sit(server.origin, 'a')
  expect(await phone.refused({ say: 'sing' })).toMatchObject({
    code: 'bad-message',
    message: expect.stringMatching(/"sing"/),
  })
  const report = { transport: 'sse', p50Ms: -1, n: 1, boundMs: 1, lost: 0, doubled: 0 }
  expect(await phone.refused({ say: 'report', report })).toMatchObject({
    message: expect.stringMatching(/report\.p50Ms/),
  })
  expect(await phone.refused({ say: 'report', report: { ...report, p50Ms: 1, more: 'x' } })).toMatchObject({
    code: 'bad-message',
  })
})

test('the stage’s figures decide which answer is right when the scene is explained', async () => {
  await using server = await open()
  const stage = await enter(server.origin)
  stage.say({ say: 'follow', seats: false })
  for (const step of ['predict', 'closed', 'run'] as const) stage.say({ say: 'go', scene: 'news', step })
  const figures = { lane: 'short-poll', p50Ms: 2311, n: 60, bytesPerMessage: 500, lost: 0, doubled: 0 } as const
  stage.say({ say: 'measured', scene: 'news', lanes: [figures] })
  stage.say({ say: 'go', scene: 'news', step: 'explain' })
  expect(await stage.stateWith({ step: 'explain' })).toMatchObject({
    done: ['news'],
    measured: [figures],
    outcome: { value: 2311, right: 2, tie: [] },
  })
})

test('a running scene has its settings, and its end puts back exactly these', async () => {
  await using server = await open()
  const stage = await enter(server.origin)
  stage.say({ say: 'follow', seats: false })
  stage.send({ type: 'settings', settings: { ratePerSecond: 3, conditions: { jitterMs: 7 } } })
  stage.say({ say: 'go', scene: 'firewall', step: 'run' })
  await stage.stateWith({ step: 'run' })
  expect(stage.settings()).toMatchObject({
    ratePerSecond: 2,
    conditions: { latencyMs: 5, firewall: true, jitterMs: 7 },
  })
  stage.send({ type: 'settings', settings: { conditions: { latencyMs: 40 } } })
  stage.say({ say: 'go', scene: 'proxy', step: 'predict' })
  await stage.stateWith({ scene: 'proxy' })
  expect(stage.settings()).toMatchObject({
    ratePerSecond: 3,
    conditions: { latencyMs: 40, firewall: false, jitterMs: 7 },
  })
})
