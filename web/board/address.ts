/** Reads and writes `/board?board=NAME&task=ID&by=TRANSPORT`: a link that opens the same board at the same task. */
import type { TransportName } from '../../server/protocol/feed.ts'
import { TRANSPORTS } from '../lane/order.ts'

export interface BoardAddress {
  readonly room: string
  /** Id of the open task. */
  readonly task: string | null
  /** The only transport to use; null to use the best one that works. */
  readonly by: TransportName | null
}

const USUAL = 'board'
const ROOM = /^[a-z0-9-]{1,32}$/

/** Reads the address from a query string. Invalid values are ignored. */
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

/** Turns typed text into a board name; null if no valid character remains. */
export function roomOf(typed: string): string | null {
  const room = typed
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 32)
  return room === '' ? null : room
}
