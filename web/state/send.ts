/** Publishing what someone typed. */
import type { Cursor, TransportName } from '../../server/protocol.ts'
import { post } from '../transports/ask.ts'
import type { Lane } from './lane.ts'

/** Longer than any network that is still of use for a chat; a request queued in the browser ends here too. */
const PATIENCE_MS = 6000

/**
 * Publishes over the lane's own connection, or by a POST of its own where the lane has none. Rejects
 * with a sentence, and tells the id. With the same `key` it may be tried again: the server publishes it once.
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

/** The lane that carries what is sent: WebSocket's own, or for POST the first of the other three that is on. */
export function carrier(lanes: readonly Lane[], by: 'ws' | 'post'): Lane | undefined {
  const carries = (name: TransportName): boolean => (name === 'ws') === (by === 'ws')
  const able = lanes.filter((lane) => carries(lane.transport))
  return able.find((lane) => lane.on) ?? able[0]
}

/** crypto.randomUUID exists only in a secure context, and `http://<LAN address>` is none. */
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
