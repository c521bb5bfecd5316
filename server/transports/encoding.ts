/** Encodes JSON once and gives the same bytes to many clients. */
import type { PollAnswer, RoomPresence } from '../protocol/feed.ts'

/**
 * Returns a function that calls `make` only once for each object, so that all clients of a transport share the bytes.
 * All clients can share the bytes, because the feed gives the same batch object to all followers that keep up.
 */
export function once<T extends object, Bytes>(make: (from: T) => Bytes): (from: T) => Bytes {
  const made = new WeakMap<T, Bytes>()
  // Successive calls usually get the same object. To compare two objects costs less than a lookup in the map.
  let latest: T | null = null
  let bytes: Bytes
  return (from) => {
    if (from === latest) return bytes
    latest = from
    bytes = made.get(from) ?? make(from)
    made.set(from, bytes)
    return bytes
  }
}

export const presenceJson = once((state: RoomPresence) => Buffer.from(JSON.stringify(state)))

const answerJson = once((answer: PollAnswer) => Buffer.from(JSON.stringify(answer)))

/** Encodes the answer to a poll as JSON, and adds the presence unless `presence` is null. */
export function pollJson(answer: PollAnswer, presence: RoomPresence | null): Buffer {
  const json = answerJson(answer)
  if (!presence) return json
  return Buffer.concat([json.subarray(0, -1), PRESENCE_FIELD, presenceJson(presence), CLOSING_BRACE])
}

const PRESENCE_FIELD = Buffer.from(',"presence":')
const CLOSING_BRACE = Buffer.from('}')

/**
 * Content type for bytes that are already JSON. Fastify sets this content type only for objects that Fastify itself
 * encodes.
 */
export const JSON_TYPE = 'application/json; charset=utf-8'
