/** What the stage measures in its lanes while a scene runs. */
import type { TransportName } from '../../server/protocol/feed.ts'
import type { ExpectedFigures, LaneFigures } from '../../server/protocol/show.ts'
import { partsPerMessage } from '../lab/cost.ts'
import type { Lane } from '../lane/lane.ts'
import { clockBoundMs } from '../session/delays.ts'
import type { SandboxSession } from '../session/session.ts'

export interface StageMeter {
  /**
   * Begins a run. `before`: figures of this run that another page of the stage, or this one before it was reloaded, has
   * measured already.
   */
  begin(before: readonly LaneFigures[]): void
  /** Returns the figures of these lanes since the run began. */
  read(lanes: readonly TransportName[]): readonly LaneFigures[]
}

/** Time at the beginning of a run in which the lanes come back through the network of the scene. */
const SETTLE_MS = 1000

/** Number of delays that stand for all of them. */
const MOST_DELAYS = 60

export function createMeter(session: SandboxSession): StageMeter {
  let earlier: readonly LaneFigures[] = []
  let ledgers = new Map<TransportName, { readonly lost: number; readonly doubled: number }>()

  return {
    begin(before) {
      earlier = before
      ledgers = new Map(session.lanes.map((lane) => [lane.transport, ledgerOf(lane)]))
      // The settings of a scene may arrive before its step. Messages that were on their way then are no part of the run.
      for (const lane of session.lanes) lane.clear(SETTLE_MS)
    },
    read: (lanes) =>
      lanes.flatMap((name) => {
        const lane = session.lanes.find(({ transport }) => transport === name)
        if (!lane) return []
        const began = ledgers.get(name) ?? { lost: 0, doubled: 0 }
        const known = earlier.find((figures) => figures.lane === name)
        const own = figuresOf(session, lane, began)
        return [known ? joined(known, own) : own]
      }),
  }
}

function figuresOf(
  session: SandboxSession,
  lane: Lane,
  began: { readonly lost: number; readonly doubled: number },
): LaneFigures {
  const { lost, doubled } = ledgerOf(lane)
  const parts = partsPerMessage(lane.usage)
  const each = parts && [parts.payload, parts.framing, parts.heads, parts.nothing].map(rounded)
  const expected = expectedOf(session, lane)
  const isTimed = clockBoundMs(session) !== null
  const { n } = lane.latencies
  return {
    lane: lane.transport,
    p50Ms: isTimed ? positive(lane.latencies.quantile(0.5)?.ms ?? null) : null,
    n,
    bytesPerMessage: each && each.reduce((sum, part) => sum + part, 0),
    lost: Math.max(0, lost - began.lost),
    doubled: Math.max(0, doubled - began.doubled),
    ...(isTimed && n > 0 && { delaysMs: thinned(lane.latencies.sorted()) }),
    ...(each && { parts: each }),
    ...(expected && { expected }),
  }
}

function ledgerOf({ ledger }: Lane): { readonly lost: number; readonly doubled: number } {
  const { lost, duplicated } = ledger.counts
  return { lost, doubled: duplicated }
}

function expectedOf(session: SandboxSession, lane: Lane): ExpectedFigures | null {
  const expected = session.expected(lane)
  if (expected === null) return null
  const bytesPerMessage = session.expectedBytes(lane)
  return {
    p50Ms: rounded(expected.p50Ms),
    fromMs: rounded(expected.fromMs),
    toMs: rounded(expected.toMs),
    bytesPerMessage: bytesPerMessage === null ? null : rounded(bytesPerMessage),
  }
}

/** Returns the delays, or as many of them at equal distances as are kept. The delays ascend. */
export function thinned(delaysMs: ArrayLike<number>): readonly number[] {
  const { length } = delaysMs
  const kept = Math.min(length, MOST_DELAYS)
  return Array.from({ length: kept }, (_, i) => positive(delaysMs[Math.floor(((i + 0.5) * length) / kept)] ?? 0) ?? 0)
}

/**
 * Joins the figures of one run that two pages have measured. The typical delay is the one of the page with more
 * messages, because the kept delays are not enough to compute it again.
 */
export function joined(before: LaneFigures, own: LaneFigures): LaneFigures {
  if (own.n === 0 || before.n === 0) return own.n === 0 ? { ...own, ...before } : own
  const n = before.n + own.n
  const larger = before.n > own.n ? before : own
  const mean = (of: (figures: LaneFigures) => number | null | undefined): number =>
    ((of(before) ?? of(own) ?? 0) * before.n + (of(own) ?? of(before) ?? 0) * own.n) / n
  return {
    ...own,
    n,
    p50Ms: larger.p50Ms,
    bytesPerMessage: own.bytesPerMessage === null ? before.bytesPerMessage : mean((one) => one.bytesPerMessage),
    lost: before.lost + own.lost,
    doubled: before.doubled + own.doubled,
    delaysMs: thinned(weighted(before, own)),
    ...(own.parts && { parts: own.parts.map((_, i) => mean(({ parts }) => parts?.[i])) }),
  }
}

/** Returns the delays of both pages, in the proportion of their messages. */
function weighted(before: LaneFigures, own: LaneFigures): readonly number[] {
  const repeated = ({ delaysMs = [], n }: LaneFigures): number[] => {
    const times = delaysMs.length === 0 ? 0 : Math.max(1, Math.round(n / delaysMs.length))
    return delaysMs.flatMap((ms) => Array.from({ length: times }, () => ms))
  }
  return [...repeated(before), ...repeated(own)].toSorted((a, b) => a - b)
}

/** The clock's error can make a short delay negative. A report has no negative delay. */
const positive = (ms: number | null): number | null => (ms === null ? null : Math.max(0, rounded(ms)))

const rounded = (value: number): number => Math.round(value * 100) / 100
