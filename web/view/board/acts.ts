import type { Board, Change, TaskChange } from '../../../server/protocol.ts'

/** What is on the screen of a board, beside what is on the board. */
export interface Shown {
  /** With the task that is picked up where it would be put down. */
  readonly board: Board
  readonly unconfirmed: ReadonlySet<string>
  /** Which task is open, is picked up by keyboard, or is dragged, and where that would be dropped. */
  readonly open: string | null
  readonly moving: string | null
  readonly dragged: string | null
  readonly drop: Drop | null
}

export interface Drop {
  readonly list: string
  readonly before: string | null
}

/** What the parts of a board ask of the page as a whole. */
export interface BoardActs {
  change(change: Change): boolean
  newId(): string
  open(task: string | null): void
  /** Somebody writes in a field, or has left it. */
  typing(on: boolean): void
  /** By keyboard: what a key means on a task. */
  key(event: KeyboardEvent, task: string): void
  drag(task: string | null): void
  over(drop: Drop | null): void
  put(change: TaskChange): void
  /** One step, from the control of this name, which keeps the focus. */
  moveList(id: string, direction: 'left' | 'right'): void
}
