/**
 * Computes the board that a page shows: the confirmed board from the log, and then this page's unconfirmed changes.
 * After each event of the log, this file applies the unconfirmed changes again. So a change that the server refused
 * leaves no trace.
 */
import type { Board, Change } from '../../server/protocol/board.ts'
import type { BoardAnswer } from '../../server/protocol/board-answer.ts'
import type { Cursor, Event } from '../../server/protocol/feed.ts'
import { apply } from './apply.ts'
import { isSameLog, standing } from './join.ts'

export interface Optimistic {
  /** Cursor of the last event that the confirmed board includes. */
  readonly cursor: Cursor
  readonly confirmed: Board
  /** Unconfirmed changes, in the order in which the person made them. */
  readonly pending: readonly PendingChange[]
  /** A cursor of each earlier epoch of the log. */
  readonly earlier: readonly Cursor[]
}

export interface PendingChange {
  readonly key: string
  readonly change: Change
  /**
   * The change's cursor in the log; null until the server has reported it. The change stays pending until the page has
   * read the log up to this cursor.
   */
  readonly id: Cursor | null
}

export const begin = ({ cursor, board }: BoardAnswer): Optimistic => ({
  cursor,
  confirmed: board,
  pending: [],
  earlier: [],
})

/** The board that the page shows. */
export const shown = ({ confirmed, pending }: Optimistic): Board =>
  pending.reduce((board, { change }) => apply(board, change), confirmed)

export function proposed(state: Optimistic, key: string, change: Change): Optimistic {
  return { ...state, pending: [...state.pending, { key, change, id: null }] }
}

/**
 * Applies the next event of the log. Returns null if the page misses an earlier event. An event that the page already
 * has changes nothing.
 */
export function heard(state: Optimistic, event: Event): Optimistic | null {
  const is = standing(event.id, state.cursor)
  if (is === 'hole') return null
  if (is === 'seen') return state
  const pending = state.pending.filter(({ key }) => key !== event.key)
  return { ...state, cursor: event.id, confirmed: apply(state.confirmed, event), pending }
}

/**
 * Stores the cursor at which the server accepted a change. The page may already have received the change by the log or
 * by a snapshot. If the response comes after the snapshot of a new epoch, the change was lost with the old epoch.
 */
export function accepted(state: Optimistic, key: string, id: Cursor): Optimistic {
  if (state.earlier.some((cursor) => isSameLog(id, cursor))) return refused(state, key)
  return settled({ ...state, pending: state.pending.map((one) => (one.key === key ? { ...one, id } : one)) })
}

export function refused(state: Optimistic, key: string): Optimistic {
  return { ...state, pending: state.pending.filter((one) => one.key !== key) }
}

/**
 * Replaces the confirmed board by a new snapshot after a hole. If the log has a new epoch, the page no longer waits for
 * changes that the server accepted in the old epoch.
 */
export function rejoined(state: Optimistic, { cursor, board }: BoardAnswer): Optimistic {
  const isOver = ({ id }: PendingChange): boolean => id !== null && !isSameLog(id, cursor)
  const earlier = isSameLog(state.cursor, cursor) ? state.earlier : [...state.earlier, state.cursor]
  return settled({ cursor, confirmed: board, pending: state.pending.filter((one) => !isOver(one)), earlier })
}

function settled(state: Optimistic): Optimistic {
  const isIn = ({ id }: PendingChange): boolean => id !== null && standing(id, state.cursor) === 'seen'
  return { ...state, pending: state.pending.filter((one) => !isIn(one)) }
}
