/** Joins a snapshot and later events. The snapshot contains every event up to its cursor. */
import type { Cursor } from '../../server/protocol/feed.ts'

/**
 * Compares an event with a cursor up to which everything is known. Returns `seen` for an event up to the cursor,
 * `next` for the event just after it, and `hole` if events are missing in between or the log has another epoch. After
 * a hole only a new snapshot helps.
 */
export function standing(event: Cursor, at: Cursor): 'seen' | 'next' | 'hole' {
  const [one, other] = [parse(event), parse(at)]
  if (one.epoch !== other.epoch) return 'hole'
  if (one.seq <= other.seq) return 'seen'
  return one.seq === other.seq + 1 ? 'next' : 'hole'
}

function parse(cursor: Cursor): { epoch: string; seq: number } {
  const [epoch = '', seq] = cursor.split('.')
  return { epoch, seq: Number(seq) }
}
