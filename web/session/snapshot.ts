/** Exports the page's state as plain data, which lessons, tests and files use. */
import type { Cursor, TransportName } from '../../server/protocol/feed.ts'
import type { Conditions } from '../../server/protocol/lab.ts'
import type { Split } from '../../server/protocol/wire.ts'
import { now } from '../now.ts'
import { quantileOf } from './delays.ts'
import type { Lane } from '../lane/lane.ts'
import type { Forecast, SessionFacts } from './session.ts'
import { bytesPerMessage } from '../lane/usage.ts'

/** What `window.fourwire.snapshot()` returns and the JSON export contains. A value is null while it is unknown. */
export interface Snapshot {
  readonly room: string
  /** Cursor up to which the page has every event. */
  readonly cursor: Cursor
  /**
   * Offset and its greatest error: the server's clock is the page's clock plus `offsetMs`, and the error is at most
   * `boundMs`.
   */
  readonly clock: { readonly offsetMs: number | null; readonly boundMs: number | null }
  /**
   * Network conditions that the lab has set between this page and the server; null before the lab has reported them.
   */
  readonly conditions: Conditions | null
  readonly lanes: readonly LaneSnapshot[]
}

declare global {
  interface Window {
    /** Returns the page's state as plain data, for a person who works in the browser's console. */
    fourwire: { snapshot(): Snapshot }
  }
}

export interface LaneSnapshot {
  readonly transport: TransportName
  readonly on: boolean
  /** Cursor just after the last message that the lane delivered. */
  readonly cursor: Cursor
  /**
   * State of the lane: connecting, asking, pausing, held, open, reconnecting, refused, dropped, degraded, waiting, queued, off,
   * or resting.
   */
  readonly state: string
  /**
   * Number of messages that the lane has received since the page was opened. The ledger counts the received messages,
   * and also the next three numbers.
   */
  readonly received: number
  readonly lost: number
  readonly duplicated: number
  readonly outOfOrder: number
  /**
   * Number of messages measured since the figures last began. A change of the network, for example, makes the figures
   * begin again.
   */
  readonly n: number
  /**
   * Median of the measured delays. All delays in this snapshot are null while the page does not know the server's
   * clock.
   */
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly p99Ms: number | null
  readonly expectedP50Ms: number | null
  /** Number of requests since the page was opened. */
  readonly requests: number
  /**
   * Number of connections that the server has counted since the page was opened, followed by its counts of bytes; null
   * before the server's first report.
   */
  readonly connections: number | null
  readonly bytesUp: number | null
  readonly bytesDown: number | null
  /** How many bytes served each purpose. The numbers add up to `bytesUp + bytesDown`. */
  readonly split: Split | null
  /** Bytes per message, in both directions, since the figures last began. */
  readonly bytesPerMessage: number | null
}

export function snapshot(session: SessionFacts & Forecast): Snapshot {
  const clock = session.clock.at(now())
  return {
    room: session.room,
    cursor: session.messages.cursor,
    clock: { offsetMs: clock?.offsetMs ?? null, boundMs: clock?.boundMs ?? null },
    conditions: session.conditions,
    lanes: session.lanes.map((lane) => laneSnapshot(session, lane)),
  }
}

function laneSnapshot(session: SessionFacts & Forecast, lane: Lane): LaneSnapshot {
  const { received, lost, duplicated, outOfOrder } = lane.ledger.counts
  const { total, recent } = lane.usage
  const quantile = (p: number): number | null => quantileOf(session, lane, p)?.ms ?? null
  return {
    transport: lane.transport,
    on: lane.on,
    cursor: lane.cursor,
    state: session.statusOf(lane).is,
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
