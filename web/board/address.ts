/** `/board?board=NAME&task=ID&by=TRANSPORT`: a link that opens the same board at the same task. */
import type { TransportName } from '../../server/protocol.ts'
import { TRANSPORTS } from '../state/order.ts'

export interface BoardAddress {
  readonly room: string
  /** Which task is open. */
  readonly task: string | null
  /** The only transport; null for whatever works. */
  readonly by: TransportName | null
}

const USUAL = 'board'
const ROOM = /^[a-z0-9-]{1,32}$/

/** What is no sensible value is as if it were not there. */
export function readBoardAddress(search: string): BoardAddress {
  const query = new URLSearchParams(search)
  const room = query.get('board') ?? ''
  return {
    room: ROOM.test(room) ? room : USUAL,
    task: query.get('task'),
    by: TRANSPORTS.find((name) => name === query.get('by')) ?? null,
  }
}

export function writeBoardAddress({ room, task, by }: BoardAddress): string {
  const query = new URLSearchParams({ board: room, ...(task !== null && { task }), ...(by !== null && { by }) })
  return `?${query.toString()}`
}

/** As a name of a board, from what somebody typed; null where nothing is left of it. */
export function roomOf(typed: string): string | null {
  const room = typed
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 32)
  return room === '' ? null : room
}
