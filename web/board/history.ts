/**
 * Actions of this page that can be undone (`done`) and redone (`undone`); the latest action is the last of each list.
 */
import type { Board, Change } from '../../server/protocol/board.ts'
import { collide, inverse } from './undo.ts'

export interface History {
  readonly done: readonly DoneChange[]
  readonly undone: readonly DoneChange[]
}

/** A change of this page; it may itself undo another change. */
export interface DoneChange {
  readonly key: string
  readonly change: Change
  readonly back: Change
  /** True once the log contains the change. Only changes of other people after that point are conflicts. */
  readonly isConfirmed: boolean
  /** Name of the person who has changed the same thing since; null if nobody has. */
  readonly changedBy: string | null
}

export type Step = 'undo' | 'redo'

export interface Learned {
  readonly key?: string | undefined
  readonly user?: string | undefined
  readonly change: Change
}

export const NOTHING_DONE: History = { done: [], undone: [] }

const MOST = 100

/**
 * Adds a change. `board` is the board before the change. A new change, unlike an undo or a redo, empties the list of
 * actions to redo.
 */
export function did(history: History, board: Board, key: string, change: Change, step?: Step): History {
  const back = inverse(board, change)
  const added = (list: readonly DoneChange[]): readonly DoneChange[] =>
    back ? [...list, { key, change, back, isConfirmed: false, changedBy: null }].slice(-MOST) : list
  if (step === 'undo') return { ...history, undone: added(history.undone) }
  return { done: added(history.done), undone: step === 'redo' ? history.undone : [] }
}

/** The next action to undo or redo, and the history without it; null if there is none. */
export function next({ done, undone }: History, step: Step): { last: DoneChange; rest: History } | null {
  const last = (step === 'undo' ? done : undone).at(-1)
  if (!last) return null
  return { last, rest: step === 'undo' ? { done: done.slice(0, -1), undone } : { done, undone: undone.slice(0, -1) } }
}

export const knows = ({ done, undone }: History, key: string | undefined): boolean =>
  [...done, ...undone].some((one) => one.key === key)

/**
 * Notes a change from the log; `board` is the confirmed board before it. For a change of this page, its inverse is
 * computed again from that board, because other changes may have come before it. `isOwn`: this page made the change,
 * also by undo or redo.
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
  // A change of this page itself, such as an undo, does not prevent undoing earlier changes.
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
