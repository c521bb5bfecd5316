import type { Cursor } from '../protocol/feed.ts'

/**
 * The position that a cursor stands for: an epoch and an event's number, or `'earliest'` for the position before the
 * first event that the log still keeps.
 */
export type Position = { readonly epoch: string; readonly seq: number } | 'earliest'

const CURSOR = /^([a-z0-9]{1,16})\.(0|[1-9]\d{0,14})$/

export const cursorOf = (epoch: string, seq: number): Cursor => `${epoch}.${seq}`

/**
 * Parses a cursor. Returns null if the text is not a cursor. A cursor whose epoch is unknown is well-formed, so the
 * feed accepts it and reports a gap to the reader.
 */
export function parseCursor(text: string): Position | null {
  if (text === '0') return 'earliest'
  const [, epoch, seq] = CURSOR.exec(text) ?? []
  return epoch === undefined || seq === undefined ? null : { epoch, seq: Number(seq) }
}

const EPOCH_CHARS = 6

/** Creates a random epoch. Each new log gets its own epoch, so the feed recognises a cursor of an earlier log. */
export function newEpoch(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(EPOCH_CHARS))
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join('')
}
