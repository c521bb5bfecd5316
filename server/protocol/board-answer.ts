/** Type of the response for a board. */
import type { Board } from './board.ts'
import type { Cursor } from './feed.ts'

/**
 * Response of `GET /boards/ROOM`: the board, and a cursor. On any transport, a client that reads from this cursor gets
 * all later changes to the board.
 */
export interface BoardAnswer {
  readonly cursor: Cursor
  readonly board: Board
}
