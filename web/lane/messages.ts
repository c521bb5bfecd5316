/** Messages of the room that the page has, over all lanes, with the time at which each lane received them. */
import type { Cursor, Event } from '../../server/protocol/feed.ts'
import { seqOf } from '../measure/ledger.ts'
import { firstAtOrAfter } from './search.ts'

export interface Message {
  readonly event: Event
  readonly seq: number
  /** Position of the message over all epochs. It keeps ascending when a new epoch counts from 1 again. */
  readonly order: number
  /** Time at which each lane's handler received it, on this page's clock. The index is the lane's place in LANES. */
  readonly receivedAtMs: (number | undefined)[]
  /** Delivery latency on each lane; undefined if the lane has not received it, or no clock was known. */
  readonly delayMs: (number | undefined)[]
}

export interface Messages {
  /** Messages in the order of the feed, oldest first. Old messages are dropped beyond about `LIMIT`. */
  readonly all: readonly Message[]
  /** Cursor up to which the page has every event. A lane that is switched on starts from it. */
  readonly cursor: Cursor
  /** Starts after this cursor. Called at the first start, and in a new epoch. */
  startAt(cursor: Cursor): void
  /**
   * Returns the page's one object for this event, and creates it for the first lane that brings the event. Returns
   * undefined if the epoch is unknown.
   */
  add(event: Event): Message | undefined
  /** Notes a gap: a lane learnt that the server keeps nothing before `cursor`, so no earlier event will be awaited. */
  skipTo(cursor: Cursor): void
  /** Position of a cursor on the scale of `order`. */
  orderOf(cursor: Cursor): number
}

/** Number of messages in eight minutes at 20 a second. */
const LIMIT = 10_000
/** More events than any epoch will have, and small enough for exact integers. */
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

  /** Moves the cursor over messages that other lanes brought before the missing one arrived. */
  const advance = (): void => {
    for (let i = firstAtOrAfter(all, cursorOrder + 1, (message) => message.order); i < all.length; i++) {
      const next = all[i]
      if (next?.order !== cursorOrder + 1) return
      moveTo(next.event.id)
    }
  }

  /** Removes the content of messages that the instructor removed. An empty event keeps their place. */
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

/** Splits a cursor into epoch and sequence number. The format of the epoch is the server's business. */
function parse(cursor: Cursor): { epoch: string; seq: number } {
  const seq = seqOf(cursor)
  return Number.isNaN(seq) ? { epoch: '', seq: 0 } : { epoch: cursor.slice(0, -String(seq).length), seq }
}
