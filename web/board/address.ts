/**
 * Reads and writes the address `/board?board=NAME&task=ID&by=TRANSPORT`. This address opens a board at one of its
 * tasks.
 */
import type { TransportName } from '../../server/protocol/feed.ts'
import { TRANSPORTS } from '../lane/order.ts'

export interface BoardAddress {
  readonly room: string
  /** Id of the open task. */
  readonly task: string | null
  /** The only transport that the page may use; null if the page may use the best transport that works. */
  readonly by: TransportName | null
}

const USUAL = 'board'
const ROOM = /^[a-z0-9-]{1,32}$/

/** Reads an address from its query string. A value that is not valid is ignored. */
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

/** Turns the text that a person typed into a board name. Returns null if the text contains no valid character. */
export function roomOf(typed: string): string | null {
  const room = typed
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 32)
  return room === '' ? null : room
}
