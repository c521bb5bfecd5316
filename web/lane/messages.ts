/**
 * Messages of the room that the page has received over any lane. Each message has the times at which the lanes received
 * it.
 */
import type { Cursor, Event } from '../../server/protocol/feed.ts'
import { seqOf } from '../measure/ledger.ts'
import { firstAtOrAfter } from './search.ts'

export interface Message {
  readonly event: Event
  readonly seq: number
  /** Position of the message over all epochs. The position still ascends when a new epoch counts from 1 again. */
  readonly order: number
  /**
   * Times at which the lanes' handlers received the message, on this page's clock. The index is the lane's place in
   * LANES.
   */
  readonly receivedAtMs: (number | undefined)[]
  /**
   * Delays on the lanes, with the same index. A delay is undefined if the lane has not received the message, or if the
   * page did not know the server's clock.
   */
  readonly delayMs: (number | undefined)[]
}

export interface Messages {
  /**
   * Messages in the order of the feed, oldest first. If there are more than about `LIMIT` messages, the oldest ones are
   * dropped.
   */
  readonly all: readonly Message[]
  /** Cursor up to which the page has every event. A lane begins at this cursor when a person switches it on. */
  readonly cursor: Cursor
  /** Begins just after this cursor. The page calls this once at its start, and again in each new epoch. */
  startAt(cursor: Cursor): void
  /**
   * Returns the page's one object for this event. The first lane that brings the event creates the object. Returns
   * undefined if the event's epoch is unknown.
   */
  add(event: Event): Message | undefined
  /** Notes a gap: the server keeps no event before `cursor`, so the page no longer waits for any of them. */
  skipTo(cursor: Cursor): void
  /** Returns the position of a cursor on the scale of `order`. */
  orderOf(cursor: Cursor): number
}

/** Number of messages in eight minutes, at 20 messages a second. */
const LIMIT = 10_000
/** A number that is greater than the number of events in any epoch, and small enough for exact integers. */
const EPOCH_STRIDE = 2 ** 40

export function createMessages(): Messages {
  const epochs: string[] = []
  let all: Message[] = []
  let cursor: Cursor = '0'
  let cursorOrder = 0

  const orderOf = (position: Cursor): number => {
    const { epoch, seq } = parse(position)
    const index = epochs.indexOf(epoch)
    return index < 0 ? 0 : (index + 1) * EPOCH_STRIDE + seq
  }

  const moveTo = (position: Cursor): void => {
    cursor = position
    cursorOrder = orderOf(position)
  }

  /**
   * Moves the page's cursor forward after a missing message has arrived, over the later messages that other lanes
   * brought before it.
   */
  const advance = (): void => {
    for (let i = firstAtOrAfter(all, cursorOrder + 1, (message) => message.order); i < all.length; i++) {
      const next = all[i]
      if (next?.order !== cursorOrder + 1) return
      moveTo(next.event.id)
    }
  }

  /** Removes the content of the messages that the instructor removed. An empty event stays in the place of each. */
  const forget = ({ type, id, target }: Event): void => {
    if (type !== 'message_removed' && type !== 'room_cleared') return
    const before = orderOf(id)
    all = all.map((message) => {
      const { event, order } = message
      const isMeant = type === 'room_cleared' ? order < before : event.id === target
      if (!isMeant || event.type !== 'message') return message
      return { ...message, event: { id: event.id, room: event.room, type: 'removed', at: event.at } }
    })
  }

  return {
    get all() {
      return all
    },
    get cursor() {
      return cursor
    },
    orderOf,
    startAt(position) {
      const { epoch } = parse(position)
      if (!epochs.includes(epoch)) epochs.push(epoch)
      moveTo(position)
      advance()
    },
    add(event) {
      forget(event)
      const order = orderOf(event.id)
      if (order === 0) return undefined
      const at = firstAtOrAfter(all, order, (message) => message.order)
      const known = all[at]
      if (known?.order === order) return known
      const message = { event, seq: parse(event.id).seq, order, receivedAtMs: [], delayMs: [] }
      all.splice(at, 0, message)
      if (all.length > LIMIT * 1.1) all = all.slice(-LIMIT)
      if (order === cursorOrder + 1) advance()
      return message
    },
    skipTo(position) {
      if (!epochs.includes(parse(position).epoch)) this.startAt(position)
      else if (orderOf(position) > cursorOrder) {
        moveTo(position)
        advance()
      }
    },
  }
}

/** Splits a cursor into epoch and sequence number. Only the server decides what an epoch looks like. */
function parse(cursor: Cursor): { epoch: string; seq: number } {
  const seq = seqOf(cursor)
  return Number.isNaN(seq) ? { epoch: '', seq: 0 } : { epoch: cursor.slice(0, -String(seq).length), seq }
}
