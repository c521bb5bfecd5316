import type { Cursor } from '../protocol.ts'

/** What a cursor says: a position in one epoch, or `'earliest'` for the first event kept. */
export type Position = { readonly epoch: string; readonly seq: number } | 'earliest'

const CURSOR = /^([a-z0-9]{1,16})\.(0|[1-9]\d{0,14})$/

export const cursorOf = (epoch: string, seq: number): Cursor => `${epoch}.${seq}`

/** Null when the text is no cursor at all. An unknown epoch parses: whether it is a gap is for the feed to say. */
export function parseCursor(text: string): Position | null {
  if (text === '0') return 'earliest'
  const [, epoch, seq] = CURSOR.exec(text) ?? []
  return epoch === undefined || seq === undefined ? null : { epoch, seq: Number(seq) }
}

const EPOCH_CHARS = 6

/** A new epoch. Random, so that cursors of two lives of a log are never mistaken for each other. */
export function newEpoch(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(EPOCH_CHARS))
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join('')
}
