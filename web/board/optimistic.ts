/**
 * A board as one page has it: what the log says, and upon it the page's own changes that the log
 * has not confirmed yet. These are applied anew whenever the log says something, so that a page
 * that waits for nothing is always where the log is, and a refused change leaves no trace.
 */
import type { Board, BoardAnswer, Change, Cursor, Event } from '../../server/protocol.ts'
import { apply } from './apply.ts'
import { standing } from './join.ts'

export interface Optimistic {
  /** Up to which the confirmed board has everything. */
  readonly cursor: Cursor
  readonly confirmed: Board
  /** In the order in which they were made. */
  readonly pending: readonly Pending[]
}

export interface Pending {
  readonly key: string
  readonly change: Change
  /** Where it is in the log, once the server has told; it is shown as pending until the log is read as far as that. */
  readonly id: Cursor | null
}

export const begin = ({ cursor, board }: BoardAnswer): Optimistic => ({ cursor, confirmed: board, pending: [] })

/** What the page shows. */
export const shown = ({ confirmed, pending }: Optimistic): Board =>
  pending.reduce((board, { change }) => apply(board, change), confirmed)

export function proposed(state: Optimistic, key: string, change: Change): Optimistic {
  return { ...state, pending: [...state.pending, { key, change, id: null }] }
}

/** The log's next event. Null where something is missing before it; what was seen already changes nothing. */
export function heard(state: Optimistic, event: Event): Optimistic | null {
  const is = standing(event.id, state.cursor)
  if (is === 'hole') return null
  if (is === 'seen') return state
  const pending = state.pending.filter(({ key }) => key !== event.key)
  return { cursor: event.id, confirmed: apply(state.confirmed, event), pending }
}

/** The server has it. It may have come by the log before this answer, or in a snapshot. */
export function accepted(state: Optimistic, key: string, id: Cursor): Optimistic {
  return settled({ ...state, pending: state.pending.map((one) => (one.key === key ? { ...one, id } : one)) })
}

export function refused(state: Optimistic, key: string): Optimistic {
  return { ...state, pending: state.pending.filter((one) => one.key !== key) }
}

/** A new snapshot, after a hole. In another life of the log what was accepted in the former one is not waited for. */
export function rejoined(state: Optimistic, { cursor, board }: BoardAnswer): Optimistic {
  const isOver = ({ id }: Pending): boolean => id !== null && id.split('.')[0] !== cursor.split('.')[0]
  return settled({ cursor, confirmed: board, pending: state.pending.filter((one) => !isOver(one)) })
}

function settled(state: Optimistic): Optimistic {
  const isIn = ({ id }: Pending): boolean => id !== null && standing(id, state.cursor) === 'seen'
  return { ...state, pending: state.pending.filter((one) => !isIn(one)) }
}
