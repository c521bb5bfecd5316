/**
 * Ledger that proves that a lane lost and repeated nothing. It enters each event's sequence number on arrival.
 * Sequence numbers have no holes within a room and an epoch, so a skipped number is a lost event.
 */
import type { Cursor } from '../../server/protocol/feed.ts'

export interface LedgerCounts {
  /** Number of events received, without duplicates. */
  readonly received: number
  /** Number of events that are missing although later events have arrived. */
  readonly lost: number
  /** Number of copies of events that had been received before. */
  readonly duplicated: number
  /** Number of events received after a later event. */
  readonly outOfOrder: number
  /** Number of events received late, by resuming. */
  readonly recovered: number
  /** Number of events that the server announced as no longer kept. */
  readonly gapped: number
}

export interface Ledger {
  /**
   * Starts, or starts again, at a cursor. Events up to it are not expected, and count as duplicates if they come. The
   * counts stay. If the cursor is `"0"` or belongs to another epoch than the events, the first event sets the
   * position.
   */
  startAt(cursor: Cursor): void
  /**
   * Enters an event. `late`: the event was published before the lane was last opened, so it came by resuming. An
   * event of another epoch starts the ledger again; nothing between two epochs counts as lost. An id without a
   * sequence number counts as received.
   */
  receive(id: Cursor, late: boolean): LedgerVerdict
  /**
   * Enters a gap: the server no longer keeps the events between the lane's position and this cursor. They count as
   * gapped, not as lost. Events that were missing before that position stay lost.
   *
   * Call this before `receive` for the events after the gap. A poll's response has only one cursor, so the cursor may
   * be later than some of these events. In that case the first of them shows the end of the gap, and the count is
   * corrected.
   *
   * Returns the sequence numbers of the gap; null if there are none, or if the epoch changed and they are unknown.
   */
  gap(cursor: Cursor): { readonly first: number; readonly last: number } | null
  readonly counts: LedgerCounts
  /** Sequence numbers lost in this epoch, as inclusive ranges, oldest first; at most the last 1000 ranges. */
  missing(): readonly (readonly [number, number])[]
  /** Sets the counts to 0 and keeps the position. Events lost so far are no longer reported as missing. */
  clear(): void
}

export type LedgerVerdict = 'new' | 'duplicate' | 'out of order'

/** Bounds the memory of a lane that loses every other event. Events in older holes stay lost, even if they arrive. */
const MAX_HOLES = 1000

export function createLedger(): Ledger {
  let counts = noCounts()
  /** Position of the last event that was received, gapped or skipped; null until the first event sets it. */
  let position: Position | null = null
  /** Ranges below the position that have not been received: disjoint, ascending, and never empty. */
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
   * Starts at an event. Earlier events were not requested but have not been received either, so they are no
   * duplicates if they come.
   */
  function startWith(event: Position): void {
    holes = []
    open('uncounted', 0, event.seq - 1)
    position = event
  }

  function open(kind: Hole['kind'], first: number, last: number): void {
    const newest = holes.at(-1)
    // Two gaps announced in a row become one, so that the next event can correct the end of both.
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
   * Corrects the end of the newest gap, because an event inside it has arrived first. The gap then ends just before
   * this event.
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
 * Sequence number in a cursor; NaN for `"0"` and any other cursor without one. Clients treat a cursor as opaque, and
 * so does the rest of web/. Only the ledger must read it, to know whether an event is missing between two others.
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
