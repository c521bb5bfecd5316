/**
 * Actions of this page: actions that the person can undo (`done`), and actions that the person can redo (`undone`). The
 * newest action is the last one in each list.
 */
import type { Board, Change } from '../../server/protocol/board.ts'
import { collide, inverse } from './undo.ts'

export interface History {
  readonly done: readonly DoneChange[]
  readonly undone: readonly DoneChange[]
}

/** A change that this page made. A change can also be the undo of an earlier change. */
export interface DoneChange {
  readonly key: string
  readonly change: Change
  readonly back: Change
  /** True once the log contains this change. A change of another person is a conflict only if it comes later. */
  readonly isConfirmed: boolean
  /** Name of the other person who has changed the same thing since; null if nobody has changed it. */
  readonly changedBy: string | null
}

export type HistoryStep = 'undo' | 'redo'

export interface Learned {
  readonly key?: string | undefined
  readonly user?: string | undefined
  readonly change: Change
}

export const NOTHING_DONE: History = { done: [], undone: [] }

const MOST = 100

/**
 * Adds a change to the history. `board` is the board before the change. A new change empties the list of actions to
 * redo, but an undo or a redo does not.
 */
export function did(history: History, board: Board, key: string, change: Change, step?: HistoryStep): History {
  const back = inverse(board, change)
  const added = (list: readonly DoneChange[]): readonly DoneChange[] =>
    back ? [...list, { key, change, back, isConfirmed: false, changedBy: null }].slice(-MOST) : list
  if (step === 'undo') return { ...history, undone: added(history.undone) }
  return { done: added(history.done), undone: step === 'redo' ? history.undone : [] }
}

/** Returns the next action to undo or redo, and the history without this action; null if there is no such action. */
export function next({ done, undone }: History, step: HistoryStep): { last: DoneChange; rest: History } | null {
  const last = (step === 'undo' ? done : undone).at(-1)
  if (!last) return null
  return { last, rest: step === 'undo' ? { done: done.slice(0, -1), undone } : { done, undone: undone.slice(0, -1) } }
}

export const knows = ({ done, undone }: History, key: string | undefined): boolean =>
  [...done, ...undone].some((one) => one.key === key)

/**
 * Adds a change that the log reports. `board` is the confirmed board just before the change. Other changes may have
 * come before a change of this page, so this function computes the inverse again from `board`. `isOwn` is true if this
 * page made the change, by undo and redo too.
 */
export function learned(history: History, board: Board, said: Learned, isOwn: boolean): History {
  return each(history, (list) => learnedBy(list, board, said, isOwn))
}

function learnedBy(
  list: readonly DoneChange[],
  board: Board,
  { key, user = '', change }: Learned,
  isOwn: boolean,
): readonly DoneChange[] {
  if (list.some((one) => one.key === key))
    return list.map((one) =>
      one.key === key ? { ...one, back: inverse(board, change) ?? one.back, isConfirmed: true } : one,
    )
  // A change of this page is no conflict, so the person can still undo the page's earlier changes.
  if (isOwn) return list
  return list.map((one) =>
    one.isConfirmed && one.changedBy === null && collide(one.change, change) ? { ...one, changedBy: user } : one,
  )
}

export const forgot = (history: History, key: string): History =>
  each(history, (list) => list.filter((one) => one.key !== key))

const each = ({ done, undone }: History, of: (list: readonly DoneChange[]) => readonly DoneChange[]): History => ({
  done: of(done),
  undone: of(undone),
})
