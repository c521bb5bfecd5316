/** What the page as a whole has of its room: every event that any lane brought, and when each lane had it. */
import type { Cursor, Event } from '../../server/protocol.ts'
import { seqOf } from '../measure/ledger.ts'
import { firstAtOrAfter } from './search.ts'

export interface Message {
  readonly event: Event
  readonly seq: number
  /** Ascends over the whole page, also where a new epoch counts from 1 again. */
  readonly order: number
  /** When each lane's handler had it, on this page's clock; the lanes by their place in the fixed order. */
  readonly receivedAtMs: (number | undefined)[]
  /** Its delivery latency on each lane; undefined also where no clock was known then. */
  readonly delayMs: (number | undefined)[]
}

export interface Messages {
  /** In the order of the feed, oldest first; at most `LIMIT`. */
  readonly all: readonly Message[]
  /** The furthest position up to which the page has everything. A lane that is switched on starts from it. */
  readonly cursor: Cursor
  /** Everything begins behind this cursor: at the first start, and in a new epoch. */
  startAt(cursor: Cursor): void
  /** The page's one object for this event, made when the first lane brings it; undefined for an epoch that is over. */
  add(event: Event): Message | undefined
  /** A lane was told that nothing before `cursor` is kept: nothing before it will be waited for. */
  skipTo(cursor: Cursor): void
  /** Where a cursor stands among `order`s. */
  orderOf(cursor: Cursor): number
}

/** Eight minutes at 20 a second. */
const LIMIT = 10_000
/** More than any epoch will hold, and small enough to stay exact. */
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

  /** Goes on over what other lanes brought before the gap in front of it was filled. */
  const advance = (): void => {
    for (let i = firstAtOrAfter(all, cursorOrder + 1, (message) => message.order); i < all.length; i++) {
      const next = all[i]
      if (next?.order !== cursorOrder + 1) return
      moveTo(next.event.id)
    }
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

/** Whatever stands before the sequence number tells one epoch from another; what it says is the server's business. */
function parse(cursor: Cursor): { epoch: string; seq: number } {
  const seq = seqOf(cursor)
  return Number.isNaN(seq) ? { epoch: '', seq: 0 } : { epoch: cursor.slice(0, -String(seq).length), seq }
}
