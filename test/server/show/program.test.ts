import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { spawnServer } from '../../spawn.ts'
import { until } from '../../until.ts'
import { enter, sit } from './guest.ts'

test('no vote that was confirmed is lost if the server is killed', async () => {
  const data = mkdtempSync(join(tmpdir(), 'show-'))
  await using first = await spawnServer('--data', data)
  const stage = await enter(first.origin)
  stage.say({ say: 'follow', seats: false })
  stage.say({ say: 'go', scene: 'news', step: 'predict' })
  const keys = Array.from({ length: 12 }, (_, i) => `${i}`)
  const phones = await Promise.all(keys.map((key) => sit(first.origin, key)))
  for (const [i, phone] of phones.entries()) phone.say({ say: 'vote', scene: 'news', answer: i % 4 })
  // Some votes are confirmed and others are on their way when the server dies.
  await until('a vote is confirmed', () => phones.some((phone) => phone.told('seat').at(-1)?.vote !== null))
  await first.end('SIGKILL')
  const confirmed = phones.map((phone) => phone.told('seat').at(-1))
  await using second = await spawnServer('--data', data)
  const again = await Promise.all(keys.map((key) => sit(second.origin, key)))
  for (const [i, phone] of again.entries()) {
    const { seat, vote } = await phone.next('seat')
    expect(seat.seat).toBe(confirmed[i]?.seat.seat)
    if (confirmed[i]?.vote !== null) expect(vote).toBe(i % 4)
  }
})

test('a file of scenes with a fault ends the server with code 2, and a good file replaces the scenes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'show-'))
  const file = join(folder, 'mine.json')
  const scene = {
    id: 'mine',
    title: 'Mine',
    question: 'Which?',
    look: 'Look.',
    explain: 'So.',
    minutes: 4,
    view: 'join',
  }
  writeFileSync(file, JSON.stringify([{ ...scene, runS: 0 }]))
  const main = join(import.meta.dirname, '../../../server/main.ts')
  const { status, stderr } = spawnSync(process.execPath, [main, '--data', ':memory:', '--scenes', file], {
    encoding: 'utf8',
  })
  expect(stderr).toMatch(/mine\.json, line 1, column \d+: runS of scene 1 is 0\. Give a number from 1 to 3,600\./)
  expect(status).toBe(2)
  writeFileSync(file, JSON.stringify([{ ...scene, runS: 9 }]))
  await using server = await spawnServer('--data', ':memory:', '--scenes', file)
  expect(await (await fetch(`${server.origin}/show`)).json()).toMatchObject({ scene: 'mine' })
})
