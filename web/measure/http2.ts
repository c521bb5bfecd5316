/**
 * Models the sizes of exchanges over HTTP/2 (RFC 9113) with HPACK (RFC 7541), from sizes that were measured over
 * HTTP/1.1. A test measures `HEADS` with node:http2.
 */
import type { LaneSizes } from './model.ts'

/**
 * Bytes of the HEADERS frames of a request and its response. All fields that repeat are numbers, because an earlier
 * exchange on the same connection has sent them. The address with its cursor, the date and the length are sent anew.
 */
export const HEADS = 116
/** Bytes of the head of a frame. */
const FRAME = 9
/** Bytes of the two frames of a body: the data, and the end of the response. */
const BODY = 2 * FRAME
/** Bytes around a chunk of HTTP/1.1, which HTTP/2 does not have. */
const CHUNK = 6
/** Bytes of the JSON around the text of a message that is published by POST. */
const PUBLISHED = 31

/** Returns the sizes over HTTP/2. A WebSocket keeps a connection of its own over HTTP/1.1, so its sizes stay. */
export function overHttp2(sizes: LaneSizes, kind: 'poll' | 'stream' | 'socket'): LaneSizes {
  if (kind === 'poll') return { ...sizes, heads: HEADS, framing: sizes.framing + BODY, empty: HEADS }
  if (kind === 'stream') return { ...sizes, framing: Math.max(0, sizes.framing - CHUNK) + FRAME }
  return sizes
}

/** Returns the bytes of a POST that publishes a text, and of its response, which has the message's JSON. */
export const postOverHttp2 = (text: number, json: number): number => HEADS + 2 * BODY + PUBLISHED + text + json
