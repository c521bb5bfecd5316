/** Publishes messages that a person typed. */
import type { Cursor } from '../../server/protocol/feed.ts'
import { post } from '../transports/ask.ts'
import { transports } from '../transports/index.ts'
import type { Lane } from './lane.ts'

/**
 * Time limit of a publish. Every network that is usable for a chat is faster. The limit also ends a request that waits
 * in the browser's queue.
 */
const PATIENCE_MS = 6000

/**
 * Publishes over the lane's own connection. If the lane has no connection, publishes by a separate POST. Resolves to
 * the event's id, and rejects with a sentence. A repeated call is safe: the server publishes once for each `key`.
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

/**
 * Returns the lane that shows the sent messages. For `socket`, this is the WebSocket's lane; for `post`, the first
 * other lane that is on.
 */
export function carrier(lanes: readonly Lane[], by: 'socket' | 'post'): Lane | undefined {
  const able = lanes.filter(({ transport }) => (transports[transport].kind === 'socket') === (by === 'socket'))
  return able.find((lane) => lane.on) ?? able[0]
}

/**
 * Creates a random key. Only a secure context has crypto.randomUUID, and `http://<LAN address>` is not a secure
 * context.
 */
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
