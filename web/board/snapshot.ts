/** Exports the state of the board's page as plain data: `fourwireBoard.snapshot()` in the console. */
import type { Board } from '../../server/protocol/board.ts'
import type { Cursor, TransportName } from '../../server/protocol/feed.ts'
import type { BoardSession } from './session.ts'

export interface BoardSnapshot {
  readonly room: string
  readonly cursor: Cursor | null
  /** Board that the page shows. */
  readonly board: Board | null
  /** Board that the log describes, without this page's unconfirmed changes. */
  readonly confirmed: Board | null
  readonly unconfirmed: readonly string[]
  readonly unsent: number
  readonly transport: TransportName
  readonly isLive: boolean
  readonly gaveUp: string | null
  /** `here`: names of the people present. `typing`: names of the people who type. */
  readonly here: readonly string[]
  readonly typing: readonly string[]
}

declare global {
  interface Window {
    fourwireBoard: { snapshot(): BoardSnapshot }
  }
}

export function boardSnapshot(session: BoardSession): BoardSnapshot {
  const { room, cursor, board, confirmed, unconfirmed, unsent, line, presence } = session
  const here = presence?.here ?? []
  return {
    room,
    cursor,
    board,
    confirmed,
    unconfirmed: [...unconfirmed],
    unsent,
    transport: line.current,
    isLive: line.isLive,
    gaveUp: line.gaveUp && `${line.gaveUp.transport}: ${line.gaveUp.trouble}`,
    here: here.map(({ name }) => name),
    typing: here.filter(({ userId }) => presence?.typing.includes(userId)).map(({ name }) => name),
  }
}
