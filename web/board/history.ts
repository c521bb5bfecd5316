/** What this page has done and may take back, and what it took back and may do again; the last of each first. */
import type { Board, Change } from '../../server/protocol.ts'
import { collide, inverse } from './undo.ts'

export interface History {
  readonly done: readonly Done[]
  readonly undone: readonly Done[]
}

/** A change, be it one that took another back. */
export interface Done {
  readonly key: string
  readonly change: Change
  readonly back: Change
  /** Comes with the log's own word for it: what others do after that counts. */
  readonly isConfirmed: boolean
  /** Who has changed the same since; null as long as nobody has. */
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

/** `board`: as it was before. What is no step of the history itself leaves nothing to do again. */
export function did(history: History, board: Board, key: string, change: Change, step?: Step): History {
  const back = inverse(board, change)
  const added = (list: readonly Done[]): readonly Done[] =>
    back ? [...list, { key, change, back, isConfirmed: false, changedBy: null }].slice(-MOST) : list
  if (step === 'undo') return { ...history, undone: added(history.undone) }
  return { done: added(history.done), undone: step === 'redo' ? history.undone : [] }
}

/** What is taken back or done again next, and what is left without it; null where there is nothing. */
export function next({ done, undone }: History, step: Step): { last: Done; rest: History } | null {
  const last = (step === 'undo' ? done : undone).at(-1)
  if (!last) return null
  return { last, rest: step === 'undo' ? { done: done.slice(0, -1), undone } : { done, undone: undone.slice(0, -1) } }
}

export const knows = ({ done, undone }: History, key: string | undefined): boolean =>
  [...done, ...undone].some((one) => one.key === key)

/**
 * The log says a change, one's own or somebody's; `board` is as it was in the log before. One's own is
 * taken back to what it really replaced: somebody else's may have come in between. `isOwn`: this page
 * has done it, or taken it back.
 */
export function learned(history: History, board: Board, said: Learned, isOwn: boolean): History {
  return each(history, (list) => learnedBy(list, board, said, isOwn))
}

function learnedBy(
  list: readonly Done[],
  board: Board,
  { key, user = '', change }: Learned,
  isOwn: boolean,
): readonly Done[] {
  if (list.some((one) => one.key === key))
    return list.map((one) =>
      one.key === key ? { ...one, back: inverse(board, change) ?? one.back, isConfirmed: true } : one,
    )
  // Taking something back is no reason not to take back what was done before it.
  if (isOwn) return list
  return list.map((one) =>
    one.isConfirmed && one.changedBy === null && collide(one.change, change) ? { ...one, changedBy: user } : one,
  )
}

export const forgot = (history: History, key: string): History =>
  each(history, (list) => list.filter((one) => one.key !== key))

const each = ({ done, undone }: History, of: (list: readonly Done[]) => readonly Done[]): History => ({
  done: of(done),
  undone: of(undone),
})
