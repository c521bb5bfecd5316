/** Finds the mark under the pointer, or next to another mark. */
import type { Lane } from '../lane/lane.ts'
import type { Mark } from '../lane/mark.ts'
import { firstAtOrAfter } from '../lane/search.ts'
import { isPolling } from './geometry.ts'
import type { Trace } from './geometry.ts'

/** Greatest distance between pointer and mark, in pixels. */
const NEAR_PX = 14
/** Handicap of a stream against the marks on top of it, which the pointer more probably means. */
const BEHIND_MS = 60

/** Marks for stepping, in time order: polls, or streams with their events; sent messages, beats, cuts and gaps. */
export function marksOf(lane: Lane): readonly Mark[] {
  return listsOf(lane)
    .flat()
    .sort((a, b) => startOf(a) - startOf(b))
}

function listsOf({ transport, marks }: Lane): readonly (readonly Mark[])[] {
  const own = isPolling(transport) ? [marks.exchanges] : [marks.streams, marks.arrivals]
  return [...own, marks.sent, marks.beats, marks.cuts, marks.gaps]
}

export function pick(lane: Lane, atMs: number, pxPerMs: number, nowMs: number): Mark | null {
  let best: Mark | null = null
  let bestMs = NEAR_PX / pxPerMs
  for (const list of listsOf(lane)) {
    // Each list ascends, so later marks are too far away.
    const behind = firstAtOrAfter(list, atMs + NEAR_PX / pxPerMs, startOf)
    for (const mark of list.slice(0, behind)) {
      const [fromMs, toMs] = boundsOf(mark, null, nowMs)
      const ms =
        Math.max(0, fromMs - atMs, atMs - toMs) + (mark.kind === 'stream' ? Math.min(BEHIND_MS, bestMs - 1e-6) : 0)
      if (ms > bestMs || (ms === bestMs && best)) continue
      best = mark
      bestMs = ms
    }
  }
  return best
}

/** The mark nearest in time, for stepping from one lane to the next. */
export function nearest(lane: Lane, atMs: number): Mark | null {
  return marksOf(lane).reduce<Mark | null>(
    (best, mark) => (best && Math.abs(startOf(best) - atMs) <= Math.abs(startOf(mark) - atMs) ? best : mark),
    null,
  )
}

export function startOf(mark: Mark): number {
  return mark.kind === 'exchange' || mark.kind === 'stream' ? mark.askedAtMs : mark.atMs
}

/** First and last time of a mark on the screen. */
export function boundsOf(mark: Mark, trace: Trace | null, nowMs: number): readonly [number, number] {
  if (mark.kind === 'exchange' || mark.kind === 'stream') return [mark.askedAtMs, mark.endedAtMs ?? nowMs]
  if (mark.kind === 'arrival' && mark.leftAtMs !== undefined && trace === null) return [mark.leftAtMs, mark.atMs]
  const oldest = mark.kind === 'arrival' ? mark.messages[0] : undefined
  return [oldest && trace ? Math.max(trace.publishedAtMs(oldest), mark.atMs - 1000) : mark.atMs, mark.atMs]
}

/** Number of the mark's exchange at the server; undefined if the wire has not reported it. */
export function exchangeOf(lane: Lane, mark: Mark): number | undefined {
  if (mark.kind === 'exchange' || mark.kind === 'stream') return mark.crossed?.exchange
  if (mark.kind === 'arrival' || mark.kind === 'sent' || mark.kind === 'beat') return mark.exchange
  return lane.marks.streams.findLast(({ askedAtMs }) => askedAtMs < mark.atMs)?.crossed?.exchange
}
