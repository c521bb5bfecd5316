/** Joins a snapshot of a board with later events. The snapshot includes every event up to the snapshot's cursor. */
import type { Cursor } from '../../server/protocol/feed.ts'

/**
 * Compares an event with the cursor up to which the page has all events. `seen`: the page has the event. `next`: the
 * event is the first one after the cursor. `hole`: events before this event are missing, or the log has a new epoch, so
 * the page needs a new snapshot.
 */
export function standing(event: Cursor, at: Cursor): 'seen' | 'next' | 'hole' {
  const [one, other] = [parse(event), parse(at)]
  if (one.epoch !== other.epoch) return 'hole'
  if (one.seq <= other.seq) return 'seen'
  return one.seq === other.seq + 1 ? 'next' : 'hole'
}

/** Reports whether both cursors belong to the same epoch of the log. */
export function isSameLog(one: Cursor, other: Cursor): boolean {
  return parse(one).epoch === parse(other).epoch
}

function parse(cursor: Cursor): { epoch: string; seq: number } {
  const [epoch = '', seq] = cursor.split('.')
  return { epoch, seq: Number(seq) }
}
