/** What this page has done and may take back, the last first. */
import type { Board, Change } from '../../server/protocol.ts'
import { collide, inverse } from './undo.ts'

export interface Done {
  readonly key: string
  readonly change: Change
  readonly back: Change
  /** Comes with the log's own word for it: what others do after that counts. */
  readonly isConfirmed: boolean
  /** Who has changed the same since; null as long as nobody has. */
  readonly changedBy: string | null
}

export interface Learned {
  readonly key?: string | undefined
  readonly user?: string | undefined
  readonly change: Change
  /** Whether this page has done it, or taken it back. */
  readonly isOwn: boolean
}

const MOST = 100

/** `board`: as it was before. */
export function did(history: readonly Done[], board: Board, key: string, change: Change): readonly Done[] {
  const back = inverse(board, change)
  return back ? [...history, { key, change, back, isConfirmed: false, changedBy: null }].slice(-MOST) : history
}

/**
 * The log says a change, one's own or somebody's; `board` is as it was in the log before. One's own is
 * taken back to what it really replaced: somebody else's may have come in between.
 */
export function learned(
  history: readonly Done[],
  board: Board,
  { key, user = '', change, isOwn }: Learned,
): readonly Done[] {
  if (history.some((one) => one.key === key))
    return history.map((one) =>
      one.key === key ? { ...one, back: inverse(board, change) ?? one.back, isConfirmed: true } : one,
    )
  // Taking something back is no reason not to take back what was done before it.
  if (isOwn) return history
  return history.map((one) =>
    one.isConfirmed && one.changedBy === null && collide(one.change, change) ? { ...one, changedBy: user } : one,
  )
}

export const forgot = (history: readonly Done[], key: string): readonly Done[] =>
  history.filter((one) => one.key !== key)
