/** Publishes messages that a person typed. */
import type { Cursor } from '../../server/protocol/feed.ts'
import { post } from '../transports/ask.ts'
import { transports } from '../transports/index.ts'
import type { Lane } from './lane.ts'

/**
 * Time limit for a publish. Any network that is usable for a chat is faster. The limit also ends a request that is
 * queued in the browser.
 */
const PATIENCE_MS = 6000

/**
 * Publishes over the lane's own connection, or by a separate POST if the lane has none. Resolves to the event's id,
 * and rejects with a sentence. A repeated call with the same `key` is safe: the server publishes it once.
 */
export function publish(
  lane: Lane,
  origin: string,
  room: string,
  user: string,
  text: string,
  key: string,
): Promise<Cursor> {
  const usable = lane.on && (lane.state.is === 'open' || lane.state.is === 'asking' || lane.state.is === 'pausing')
  const sending = usable ? lane.publish(user, text, key) : post({ origin, room }, user, text, key)
  return within(PATIENCE_MS, sending)
}

/** Lane that shows sent messages: the socket's lane, or for POST the first other lane that is on. */
export function carrier(lanes: readonly Lane[], by: 'socket' | 'post'): Lane | undefined {
  const able = lanes.filter(({ transport }) => (transports[transport].kind === 'socket') === (by === 'socket'))
  return able.find((lane) => lane.on) ?? able[0]
}

/** Creates a random key. crypto.randomUUID exists only in a secure context, and `http://<LAN address>` is not one. */
export function newKey(length = 16): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
