/** What the page knows, as plain data: `fourwireBoard.snapshot()` from the console. */
import type { Board, Cursor, TransportName } from '../../server/protocol.ts'
import type { BoardSession } from './session.ts'

export interface BoardSnapshot {
  readonly room: string
  readonly cursor: Cursor | null
  /** As it is shown. */
  readonly board: Board | null
  /** As the log says. */
  readonly confirmed: Board | null
  readonly unconfirmed: readonly string[]
  readonly unsent: number
  readonly transport: TransportName
  readonly isLive: boolean
  readonly gaveUp: string | null
  /** Names of those who are here, and of those who type. */
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
