import type { Board, Change, TaskChange } from '../../server/protocol/board.ts'

/** State of the screen of a board, in addition to the board itself. */
export interface BoardScreen {
  /** Board to show. A task that is being moved by keyboard stands at its new place. */
  readonly board: Board
  readonly unconfirmed: ReadonlySet<string>
  /** The open task (`open`), the task picked up by keyboard (`moving`), the dragged task, and its drop position. */
  readonly open: string | null
  readonly moving: string | null
  readonly dragged: string | null
  readonly drop: Drop | null
}

export interface Drop {
  readonly list: string
  readonly before: string | null
}

/** Actions that the parts of a board request from the page. */
export interface BoardActs {
  change(change: Change): boolean
  newId(): string
  open(task: string | null): void
  /** Reports that the person is typing in a field, or has left it. */
  typing(on: boolean): void
  /** Handles a key that was pressed on a task. */
  key(event: KeyboardEvent, task: string): void
  drag(task: string | null): void
  over(drop: Drop | null): void
  put(change: TaskChange): void
  /** Moves a list one step, and keeps the focus on the button that was pressed. */
  moveList(id: string, direction: 'left' | 'right'): void
}
