/**
 * The board of one page: the confirmed board from the log, and this page's unconfirmed changes on top of it. The
 * unconfirmed changes are applied again after each event of the log. So a refused change leaves no trace, and without
 * unconfirmed changes the page shows the log.
 */
import type { Board, Change } from '../../server/protocol/board.ts'
import type { BoardAnswer } from '../../server/protocol/board-answer.ts'
import type { Cursor, Event } from '../../server/protocol/feed.ts'
import { apply } from './apply.ts'
import { standing } from './join.ts'

export interface Optimistic {
  /** Cursor up to which the confirmed board has every event. */
  readonly cursor: Cursor
  readonly confirmed: Board
  /** Unconfirmed changes, in the order in which they were made. */
  readonly pending: readonly PendingChange[]
}

export interface PendingChange {
  readonly key: string
  readonly change: Change
  /**
   * Cursor of the change in the log, once the server has reported it. The change stays pending until the page has
   * read the log that far.
   */
  readonly id: Cursor | null
}

export const begin = ({ cursor, board }: BoardAnswer): Optimistic => ({ cursor, confirmed: board, pending: [] })

/** The board that the page shows. */
export const shown = ({ confirmed, pending }: Optimistic): Board =>
  pending.reduce((board, { change }) => apply(board, change), confirmed)

export function proposed(state: Optimistic, key: string, change: Change): Optimistic {
  return { ...state, pending: [...state.pending, { key, change, id: null }] }
}

/**
 * Applies the log's next event. Returns null if an event before it is missing. An event that was seen already changes
 * nothing.
 */
export function heard(state: Optimistic, event: Event): Optimistic | null {
  const is = standing(event.id, state.cursor)
  if (is === 'hole') return null
  if (is === 'seen') return state
  const pending = state.pending.filter(({ key }) => key !== event.key)
  return { cursor: event.id, confirmed: apply(state.confirmed, event), pending }
}

/** Notes that the server accepted a change. The change may already have come by the log or in a snapshot. */
export function accepted(state: Optimistic, key: string, id: Cursor): Optimistic {
  return settled({ ...state, pending: state.pending.map((one) => (one.key === key ? { ...one, id } : one)) })
}

export function refused(state: Optimistic, key: string): Optimistic {
  return { ...state, pending: state.pending.filter((one) => one.key !== key) }
}

/**
 * Takes a new snapshot after a hole. If the log has a new epoch, changes accepted in the old epoch are no longer
 * awaited.
 */
export function rejoined(state: Optimistic, { cursor, board }: BoardAnswer): Optimistic {
  const isOver = ({ id }: PendingChange): boolean => id !== null && id.split('.')[0] !== cursor.split('.')[0]
  return settled({ cursor, confirmed: board, pending: state.pending.filter((one) => !isOver(one)) })
}

function settled(state: Optimistic): Optimistic {
  const isIn = ({ id }: PendingChange): boolean => id !== null && standing(id, state.cursor) === 'seen'
  return { ...state, pending: state.pending.filter((one) => !isIn(one)) }
}
