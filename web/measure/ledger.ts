/**
 * Counts the events that a lane lost or repeated. The ledger enters the sequence number of each event on arrival.
 * Within a room and an epoch, no sequence number is left out, so a missing number is a lost event.
 */
import type { Cursor } from '../../server/protocol/feed.ts'

export interface LedgerCounts {
  /** Number of events that the lane received, without duplicates. */
  readonly received: number
  /** Number of events that the lane has not received although it has received later events. */
  readonly lost: number
  /** Number of copies of events that the lane had received before. */
  readonly duplicated: number
  /** Number of events that the lane received after a later event. */
  readonly outOfOrder: number
  /** Number of events that the lane received late, because it resumed. */
  readonly recovered: number
  /** Number of events that the lane missed because the server no longer kept them, as the server told the lane. */
  readonly gapped: number
}

export interface Ledger {
  /**
   * Starts at a cursor, for the first time or again. Events up to the cursor are not expected, and count as duplicates
   * if they come. The counts continue. If the cursor is `"0"` or belongs to another epoch than the events, the ledger
   * starts at the first event.
   */
  startAt(cursor: Cursor): void
  /**
   * Enters an event. `late` is true if the server published the event before the lane last opened, so that the lane
   * received it by resuming. An event of another epoch starts the ledger again, and nothing between two epochs counts
   * as lost. An event whose id has no sequence number counts as received.
   */
  receive(id: Cursor, late: boolean): LedgerVerdict
  /**
   * Enters a gap: the server no longer keeps the events between the lane's position and this cursor. Events in the gap
   * count as gapped, not as lost. Events that were missing before the lane's position stay lost.
   *
   * Call this before `receive` for the events after the gap. A poll's response has only one cursor, which may be later
   * than some events of the response. If so, the first event of the response shows where the gap ends, and the ledger
   * corrects the count.
   *
   * Returns the first and the last sequence number of the gap. Returns null if the gap is empty, or if the epoch
   * changed and the sequence numbers are unknown.
   */
  gap(cursor: Cursor): { readonly first: number; readonly last: number } | null
  readonly counts: LedgerCounts
  /**
   * Returns the sequence numbers lost in this epoch, as ranges from first to last, oldest range first. At most the
   * newest 1000 ranges are kept.
   */
  missing(): readonly (readonly [number, number])[]
  /**
   * Sets the counts to 0 and keeps the position. The ledger no longer reports events as missing that were lost before.
   */
  clear(): void
}

export type LedgerVerdict = 'new' | 'duplicate' | 'out of order'

/**
 * Greatest number of ranges that are kept. This limit bounds the memory of a lane that loses every other event. An
 * event in an older range stays lost, even if it arrives later.
 */
const MAX_HOLES = 1000

export function createLedger(): Ledger {
  let counts = noCounts()
  /**
   * Position of the newest event: received, skipped, or covered by a gap. Null until the first event sets the position.
   */
  let position: Position | null = null
  /**
   * Ranges of sequence numbers below the position that the lane has not received. The ranges are disjoint, ascending,
   * and never empty.
   */
  let holes: readonly Hole[] = []

  return {
    startAt,
    receive(id, late) {
      const verdict = enter(parse(id))
      if (verdict === 'duplicate') {
        counts.duplicated++
        return verdict
      }
      counts.received++
      if (verdict === 'out of order') counts.outOfOrder++
      if (late) counts.recovered++
      return verdict
    },
    gap(cursor) {
      const end = parse(cursor)
      if (end === null || position === null || end.epoch !== position.epoch) {
        startAt(cursor)
        return null
      }
      if (end.seq <= position.seq) return null
      const gapped = { first: position.seq + 1, last: end.seq }
      open('gapped', gapped.first, gapped.last)
      position = end
      return gapped
    },
    get counts() {
      return { ...counts }
    },
    missing() {
      return holes.filter((hole) => hole.kind === 'lost').map((hole) => [hole.first, hole.last] as const)
    },
    clear() {
      counts = noCounts()
      holes = holes.map((hole) => ({ ...hole, kind: 'uncounted' }))
    },
  }

  function startAt(cursor: Cursor): void {
    const start = parse(cursor)
    const isSameEpoch = start !== null && start.epoch === position?.epoch
    holes = isSameEpoch ? nonEmpty(holes.map((hole) => ({ ...hole, last: Math.min(hole.last, start.seq) }))) : []
    position = start
  }

  function enter(event: Position | null): LedgerVerdict {
    if (event === null) return 'new'
    if (position === null || position.epoch !== event.epoch) {
      startWith(event)
      return 'new'
    }
    if (event.seq > position.seq) {
      open('lost', position.seq + 1, event.seq - 1)
      position = event
      return 'new'
    }
    const hole = holes.find(({ first, last }) => first <= event.seq && event.seq <= last)
    if (hole === undefined) return 'duplicate'
    if (hole.kind === 'gapped' && hole.last === position.seq) {
      endGap(hole, event)
      return 'new'
    }
    fill(hole, event.seq)
    return 'out of order'
  }

  /**
   * Starts at this event. The lane did not request earlier events and has not received them, so an earlier event that
   * comes is no duplicate.
   */
  function startWith(event: Position): void {
    holes = []
    open('uncounted', 0, event.seq - 1)
    position = event
  }

  function open(kind: Hole['kind'], first: number, last: number): void {
    const newest = holes.at(-1)
    // If the server announces two gaps in a row, the ledger joins them, so that the next event can correct the end of
    // the joined gap.
    if (newest?.kind === kind && newest.last === first - 1) holes = [...holes.slice(0, -1), { ...newest, last }]
    else holes = nonEmpty([...holes, { kind, first, last }]).slice(-MAX_HOLES)
    count(kind, last - first + 1)
  }

  function fill(hole: Hole, seq: number): void {
    const before = { ...hole, last: seq - 1 }
    const after = { ...hole, first: seq + 1 }
    holes = nonEmpty(holes.flatMap((one) => (one === hole ? [before, after] : [one]))).slice(-MAX_HOLES)
    count(hole.kind, -1)
  }

  /**
   * Corrects the end of the newest gap after an event inside this gap has arrived. The gap then ends just before the
   * event.
   */
  function endGap(hole: Hole, event: Position): void {
    holes = holes.slice(0, -1)
    count('gapped', hole.first - hole.last - 1)
    open('gapped', hole.first, event.seq - 1)
    position = event
  }

  function count(kind: Hole['kind'], difference: number): void {
    if (kind !== 'uncounted') counts[kind] += difference
  }
}

/**
 * Returns the sequence number in a cursor; NaN for `"0"` and for any other cursor without one. All other code in web/
 * treats a cursor as opaque. Only the ledger reads the number, because it must know whether an event between two others
 * is missing.
 */
export function seqOf(cursor: Cursor): number {
  return parse(cursor)?.seq ?? Number.NaN
}

interface Position {
  readonly epoch: string
  readonly seq: number
}

/** Range of sequence numbers from `first` to `last`, both included. */
interface Hole {
  readonly kind: 'lost' | 'gapped' | 'uncounted'
  readonly first: number
  readonly last: number
}

function nonEmpty(holes: readonly Hole[]): readonly Hole[] {
  return holes.filter(({ first, last }) => first <= last)
}

function noCounts() {
  return { received: 0, lost: 0, duplicated: 0, outOfOrder: 0, recovered: 0, gapped: 0 }
}

function parse(cursor: Cursor): Position | null {
  const [, epoch, seq] = /^(.+)\.(\d+)$/.exec(cursor) ?? []
  return epoch === undefined || seq === undefined ? null : { epoch, seq: Number(seq) }
}
