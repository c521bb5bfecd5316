/**
 * The proof that a lane lost nothing and repeated nothing: every event's sequence number, entered as
 * it arrives. Sequence numbers are dense within a room and an epoch, so a jump is a loss.
 */
import type { Cursor } from '../../server/protocol.ts'

export interface LedgerCounts {
  /** Events, each counted once. */
  readonly received: number
  /** Still missing, though later ones came. */
  readonly lost: number
  /** Copies of what was received before. */
  readonly duplicated: number
  /** Received after a later one. */
  readonly outOfOrder: number
  /** Received late, by resuming. */
  readonly recovered: number
  /** Announced by the server as no longer kept. */
  readonly gapped: number
}

export interface Ledger {
  /**
   * Starts (again) at a cursor: what lies before it is not this lane's business, and counts as a
   * duplicate if it comes. Counts stay. With `"0"`, as with an epoch that the events turn out not to
   * be of, the first event decides.
   */
  startAt(cursor: Cursor): void
  /**
   * Enters an event. `late`: it was published before the lane was last (re)opened, so it came by
   * resuming. An event of another epoch is a new start: nothing between the two can be called lost.
   * An id without a sequence number is received and proves nothing.
   */
  receive(id: Cursor, late: boolean): Verdict
  /**
   * The server said that what lies between the lane's position and this cursor is no longer kept:
   * gapped, not lost. What was missing before that position stays lost. To be called before the
   * events that come after the gap; where the cursor lies behind some of those (a poll's answer has
   * but one cursor), the first of them tells where the gap ended, and the count is put right.
   * Returns the sequence numbers, or null where there are none or they cannot be known (another epoch).
   */
  gap(cursor: Cursor): { readonly first: number; readonly last: number } | null
  readonly counts: LedgerCounts
  /** Sequence numbers lost in this epoch: ranges with both ends, oldest first, at most the last 1000. */
  missing(): readonly (readonly [number, number])[]
  /** Sets the counts to 0; the position stays. What was lost until now is no longer missing. */
  clear(): void
}

export type Verdict = 'new' | 'duplicate' | 'out of order'

/** Bounds the memory of a lane that loses every other event; what is older stays lost for good. */
const MAX_HOLES = 1000

export function createLedger(): Ledger {
  let counts = noCounts()
  /** The last event that was received, gapped or skipped; null until the first event decides. */
  let position: Position | null = null
  /** What has not been received below the position: disjoint, in ascending order, never empty. */
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

  function enter(event: Position | null): Verdict {
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

  /** Whatever lies before it was not asked for, but has not been received either: no duplicate if it comes. */
  function startWith(event: Position): void {
    holes = []
    open('uncounted', 0, event.seq - 1)
    position = event
  }

  function open(kind: Hole['kind'], first: number, last: number): void {
    const newest = holes.at(-1)
    // Two gaps announced in a row are one, for the event that tells where it ended.
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

  /** Nothing has come since the gap was announced: it ended just before this event, and goes on after it. */
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
 * The sequence number in a cursor; NaN for `"0"` and for whatever else has none. This file is the only
 * place in web/ that looks inside a cursor. To everything else it is opaque, as to any client; only the
 * proof needs to know that nothing lies between two events, and that is what their density tells.
 */
export function seqOf(cursor: Cursor): number {
  return parse(cursor)?.seq ?? Number.NaN
}

interface Position {
  readonly epoch: string
  readonly seq: number
}

/** Sequence numbers from `first` to `last`, both included. */
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
