/** Type of the response for a board. */
import type { Board } from './board.ts'
import type { Cursor } from './feed.ts'

/** Response of `GET /boards/ROOM`: the board, and the cursor after which the next events follow on any transport. */
export interface BoardAnswer {
  readonly cursor: Cursor
  readonly board: Board
}
