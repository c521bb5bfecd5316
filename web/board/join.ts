/** Joins a snapshot and the events that follow: what lies before its cursor is in it, what lies behind is not. */
import type { Cursor } from '../../server/protocol.ts'

/**
 * What an event is to somebody who has everything up to a cursor: `seen` already, the `next` one,
 * or behind a `hole`, in another life of the log for instance. Behind a hole only a new snapshot helps.
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
