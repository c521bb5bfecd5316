/** Joins a snapshot and later events. The snapshot contains every event up to its cursor. */
import type { Cursor } from '../../server/protocol/feed.ts'

/**
 * Compares an event with a cursor up to which everything is known. The event is `seen`, or the `next` one, or after a
 * `hole`, which includes another epoch of the log. After a hole only a new snapshot helps.
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
