import { mkdtempSync } from 'node:fs'
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
