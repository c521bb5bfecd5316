/** The seats of a class. A phone keeps its seat by a secret key, of which the server keeps only a hash. */
import { createHash } from 'node:crypto'
import { FeedError } from '../http/errors.ts'
import type { TransportName } from '../protocol/feed.ts'
import type { Preflight, Seat, SeatReport } from '../protocol/show.ts'

/** A seat as the server keeps it. */
export interface SeatRecord {
  readonly seat: number
  /** SHA-256 of the key, in base64url. */
  readonly keyHash: string
  name: string
  readonly dealt: TransportName
  fellBack: string | null
  muted: boolean
  removed: boolean
  preflight: readonly Preflight[]
  report: SeatReport | null
  /** Time of the last report, on the server's clock; 0 before the first. */
  reportedAtMs: number
}

export interface Seats {
  /** All seats that were not removed, in the order of their numbers. */
  readonly all: readonly SeatRecord[]
  /** All seats, as the file of the show keeps them. */
  readonly records: readonly SeatRecord[]
  /**
   * Returns the seat of this key, or a new seat. Beyond the maximum, a new seat takes the place of one that is `unused`.
   * Throws `too-many-seats` (429) if there is none.
   */
  sit(key: string, isUnused: (seat: SeatRecord) => boolean): SeatRecord
  numbered(seat: number): SeatRecord | undefined
}

const MOST_SEATS = 500

/** Creates the seats. `transports`: the transports that the server deals. `known`: the seats before a restart. */
export function createSeats(transports: readonly TransportName[], known: readonly SeatRecord[] = []): Seats {
  const byHash = new Map(known.map((seat) => [seat.keyHash, seat]))
  let last = Math.max(0, ...known.map(({ seat }) => seat))

  const here = (): SeatRecord[] => [...byHash.values()].filter(({ removed }) => !removed)

  return {
    get all() {
      return here()
    },
    get records() {
      return [...byHash.values()]
    },
    numbered: (seat) => here().find((one) => one.seat === seat),
    sit(key, isUnused) {
      const keyHash = createHash('sha256').update(key).digest('base64url')
      const known = byHash.get(keyHash)
      if (known) return known
      if (byHash.size >= MOST_SEATS) {
        const unused = here().find(isUnused)
        if (!unused) throw new FeedError('too-many-seats', `All ${MOST_SEATS} seats of the class are taken.`)
        byHash.delete(unused.keyHash)
      }
      const seat: SeatRecord = {
        seat: ++last,
        keyHash,
        name: '',
        dealt: deal(),
        fellBack: null,
        muted: false,
        removed: false,
        preflight: [],
        report: null,
        reportedAtMs: 0,
      }
      byHash.set(keyHash, seat)
      return seat
    },
  }

  /** Returns the transport that the fewest seats have. */
  function deal(): TransportName {
    const counts = new Map(transports.map((name) => [name, 0]))
    for (const { dealt } of here()) counts.set(dealt, (counts.get(dealt) ?? 0) + 1)
    const [first] = transports.toSorted((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0))
    if (first === undefined) throw new Error('The show has no transport that it could deal.')
    return first
  }
}

/**
 * Returns the seat as pages get it. `isNamed`: with the name that the person gave. The words of a muted seat are left
 * out, because its phone can send any text as the reason for another transport.
 */
export function seatFor(record: SeatRecord, here: boolean, isNamed: boolean): Seat {
  const { seat, name, dealt, fellBack, muted, preflight, report } = record
  const why = wordsOf(record, fellBack)
  return { seat, name: isNamed ? name : '', dealt, fellBack: why, here, muted, preflight, report }
}

/** Returns what a seat has said; an empty text if the seat is muted. */
export const wordsOf = ({ muted }: Pick<Seat, 'muted'>, words: string | null): string | null =>
  words !== null && muted ? '' : words
