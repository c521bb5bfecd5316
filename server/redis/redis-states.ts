/** The list of the rooms that have a state, such as a board. */
import type { Redis } from 'ioredis'
import { now } from '../now.ts'
import { REPLY_MS } from './redis-connection.ts'
import { keysOf } from './redis-scripts.ts'

export interface KeptState {
  readonly room: string
  /** The text that Redis has stored. */
  readonly text: string
}

/** Sorted set of the rooms that may have a state, each with the time of its latest note in ms. */
const STATES_KEY = 'fourwire:states'

/** Longest time between the note of a state and its append, which fails if Redis does not reply in time. */
const NOTE_MS = 3 * REPLY_MS

/**
 * Removes a room from the sorted set if it has no state. ARGV: the room, and the time of the note that the caller has
 * seen. If a process has noted the room again, its state may follow, so the room stays.
 */
const FORGET = `
if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] or redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])
`

/** Notes that a room may have a state. */
export const noteState = (client: Redis, room: string): void =>
  void client.zadd(STATES_KEY, now(), room).catch(() => {})

/** Returns the rooms that have a state. Removes rooms whose state has expired or was deleted from the sorted set. */
export async function listStates(client: Redis): Promise<readonly KeptState[]> {
  const noted = await client.zrange(STATES_KEY, '0', '-1', 'WITHSCORES')
  const rooms = noted.flatMap((room, i) => (i % 2 === 0 ? [{ room, score: noted[i + 1] ?? '' }] : []))
  const texts = await Promise.all(rooms.map(({ room }) => client.get(keysOf(room)[3])))
  // The state of a room that was noted a moment ago may not be stored yet.
  for (const [i, { room, score }] of rooms.entries())
    if (texts[i] == null && Number(score) < now() - NOTE_MS)
      client.eval(FORGET, 2, STATES_KEY, keysOf(room)[3], room, score).catch(() => {})
  return rooms.flatMap(({ room }, i) => (texts[i] == null ? [] : [{ room, text: texts[i] }]))
}
