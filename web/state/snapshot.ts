/** What the page knows, as plain data: for lessons, tests and export. */
import type { Conditions, Cursor, Split, TransportName } from '../../server/protocol.ts'
import { now } from '../now.ts'
import type { Lane } from './lane.ts'
import type { Session } from './session.ts'
import { bytesPerMessage } from './usage.ts'

/** What `window.fourwire.snapshot()` returns, and what the JSON export holds. Null is what is not known. */
export interface Snapshot {
  readonly room: string
  /** The furthest position up to which the page has everything. */
  readonly cursor: Cursor
  /** The server's clock is this page's plus `offsetMs`, which is at most `boundMs` off. */
  readonly clock: { readonly offsetMs: number | null; readonly boundMs: number | null }
  /** Of the network between this page and the server, as the lab set them; null before it has told. */
  readonly conditions: Conditions | null
  readonly lanes: readonly LaneSnapshot[]
}

declare global {
  interface Window {
    /** For the console: `fourwire.snapshot()` tells what the page knows, as plain data. */
    fourwire: { snapshot(): Snapshot }
  }
}

export interface LaneSnapshot {
  readonly transport: TransportName
  readonly on: boolean
  /** Just behind the last event that the lane brought. */
  readonly cursor: Cursor
  /** connecting, asking, pausing, held, open, reconnecting, refused, dropped, degraded, queued, off or resting. */
  readonly state: string
  /** The ledger's counts, since the page was opened. */
  readonly received: number
  readonly lost: number
  readonly duplicated: number
  readonly outOfOrder: number
  /** Messages measured since the figures last began. */
  readonly n: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly p99Ms: number | null
  readonly expectedP50Ms: number | null
  /** Since the page was opened. */
  readonly requests: number
  /** By the server's meter, since the page was opened; null before it has told. */
  readonly connections: number | null
  readonly bytesUp: number | null
  readonly bytesDown: number | null
  /** What the bytes were for; the numbers add up to `bytesUp + bytesDown`. */
  readonly split: Split | null
  /** Both ways, since the figures last began. */
  readonly bytesPerMessage: number | null
}

export function snapshot(session: Session): Snapshot {
  const clock = session.clock.at(now())
  return {
    room: session.room,
    cursor: session.messages.cursor,
    clock: { offsetMs: clock?.offsetMs ?? null, boundMs: clock?.boundMs ?? null },
    conditions: session.conditions,
    lanes: session.lanes.map((lane) => laneSnapshot(session, lane)),
  }
}

function laneSnapshot(session: Session, lane: Lane): LaneSnapshot {
  const { received, lost, duplicated, outOfOrder } = lane.ledger.counts
  const { total, recent } = lane.usage
  const quantile = (p: number): number | null => lane.latencies.quantile(p)?.ms ?? null
  return {
    transport: lane.transport,
    on: lane.on,
    cursor: lane.cursor,
    state: session.stateOf(lane).is,
    received,
    lost,
    duplicated,
    outOfOrder,
    n: lane.latencies.n,
    p50Ms: quantile(0.5),
    p95Ms: quantile(0.95),
    p99Ms: quantile(0.99),
    expectedP50Ms: session.expected(lane)?.p50Ms ?? null,
    requests: lane.marks.requests,
    connections: total?.connections ?? null,
    bytesUp: total?.bytesUp ?? null,
    bytesDown: total?.bytesDown ?? null,
    split: total?.split ?? null,
    bytesPerMessage: bytesPerMessage(recent),
  }
}
