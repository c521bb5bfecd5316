/** Type of a board as it is read. */
import type { Board } from './board.ts'
import type { Cursor } from './feed.ts'

/** Response of `GET /boards/ROOM`: the board at the cursor, from which any transport continues. */
export interface BoardAnswer {
  readonly cursor: Cursor
  readonly board: Board
}
