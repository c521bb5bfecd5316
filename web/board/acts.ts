import type { Board, Change, TaskChange } from '../../server/protocol/board.ts'

/** State of the screen that shows a board. The board itself is not part of this state, except for `board`. */
export interface BoardScreen {
  /** Board that the screen shows. A task that a person moves by keyboard already stands at its new position. */
  readonly board: Board
  readonly unconfirmed: ReadonlySet<string>
  /**
   * `open`: id of the open task. `moving`: id of the task that a person picked up by keyboard. `dragged`: id of the
   * task that a pointer drags. `drop`: the position at which the dragged task would land.
   */
  readonly open: string | null
  readonly moving: string | null
  readonly dragged: string | null
  readonly drop: Drop | null
}

export interface Drop {
  readonly list: string
  readonly before: string | null
}

/** Actions that parts of the board's page ask the page to do. */
export interface BoardActs {
  change(change: Change): boolean
  newId(): string
  open(task: string | null): void
  /** Tells the page that the person types in a field (true), or has left the field (false). */
  typing(on: boolean): void
  /** Handles a key that the person pressed on a task. */
  key(event: KeyboardEvent, task: string): void
  drag(task: string | null): void
  over(drop: Drop | null): void
  put(change: TaskChange): void
  /** Moves a list one step. The button that the person pressed keeps the focus. */
  moveList(id: string, direction: 'left' | 'right'): void
}
