/** The limit of rooms of processes that share a real Redis. */
import { describe, expect, test } from 'vitest'
import { connect } from '../../conformance/client.ts'
import { HAS_REDIS } from '../../redis.ts'
import { redisPair } from '../../redis-pair.ts'
import type { PairServer } from '../../redis-pair.ts'
import { NO_RATES } from '../../serve.ts'
import { until } from '../../until.ts'

const MOST_ROOMS = 4

/** Returns the number of events that Redis keeps of a room. */
async function eventsOf({ origin }: PairServer, room: string): Promise<number> {
  const response = await fetch(`${origin}/feed/${room}/poll?after=0`)
  const text = await response.text()
  return text === '' ? 0 : JSON.parse(text).events.length
}

/** Returns a function that waits until the server has heard from another one about a room. */
function hearing({ peers }: PairServer): (room: string) => Promise<unknown> {
  let heard = ''
  peers.on('table rooms', (message) => (heard += JSON.stringify(message)))
  return (room) => until(`the other server has told about ${room}`, () => heard.includes(`"${room}",`))
}

describe.skipIf(!HAS_REDIS)('the rooms of two processes', { concurrent: true }, () => {
  test('a process does not drop a room that has readers at the other process', async () => {
    await using pair = await redisPair({ limits: { ...NO_RATES, rooms: MOST_ROOMS } })
    const told = hearing(pair.one)
    using reader = connect('sse', pair.other.origin, { room: 'read' })
    await pair.one.publish('kept', 'read')
    await until('the reader has the event', () => reader.events.length === 1)
    await told('read')
    for (let i = 0; i < 2 * MOST_ROOMS; i++) await pair.one.publish('x', `room-${i}`)
    expect(await eventsOf(pair.one, 'read')).toBe(1)
    expect(reader.gaps).toEqual([])
    expect(await eventsOf(pair.one, 'room-0')).toBe(0)
  })

  test('the limit of rooms counts the rooms of both processes', async () => {
    await using pair = await redisPair({ limits: { ...NO_RATES, rooms: MOST_ROOMS } })
    const names = Array.from({ length: 3 * MOST_ROOMS }, (_, i) => `room-${i}`)
    const servers = [pair.one, pair.other]
    const told = servers.map(hearing)
    for (const [i, name] of names.entries()) {
      await servers[i % 2]?.publish('x', name)
      await told[(i + 1) % 2]?.(name)
    }
    const counts = await Promise.all(names.map((name) => eventsOf(pair.one, name)))
    expect(counts.filter((count) => count > 0)).toHaveLength(MOST_ROOMS)
  })
})
