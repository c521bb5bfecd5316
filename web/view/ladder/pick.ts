/** Which mark lies under the pointer or next to another one. */
import type { Lane } from '../../state/lane.ts'
import type { Mark } from '../../state/mark.ts'
import { firstAtOrAfter } from '../../state/search.ts'
import { isPolling } from './geometry.ts'
import type { Trace } from './geometry.ts'

/** So near a mark has to be, in pixels. */
const NEAR_PX = 14
/** A stream lies under everything: what it carries is meant rather than itself. */
const BEHIND_MS = 60

/** The marks through which one steps: a poll with what it brought, a stream's events, what this page sent, what keeps it open. */
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
    // Each list ascends: what begins far behind the place cannot be it.
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

/** The mark nearest in time, for going from one lane to the next. */
export function nearest(lane: Lane, atMs: number): Mark | null {
  return marksOf(lane).reduce<Mark | null>(
    (best, mark) => (best && Math.abs(startOf(best) - atMs) <= Math.abs(startOf(mark) - atMs) ? best : mark),
    null,
  )
}

export function startOf(mark: Mark): number {
  return mark.kind === 'exchange' || mark.kind === 'stream' ? mark.askedAtMs : mark.atMs
}

/** From when to when a mark is seen. */
export function boundsOf(mark: Mark, trace: Trace | null, nowMs: number): readonly [number, number] {
  if (mark.kind === 'exchange' || mark.kind === 'stream') return [mark.askedAtMs, mark.endedAtMs ?? nowMs]
  if (mark.kind === 'arrival' && mark.leftAtMs !== undefined && trace === null) return [mark.leftAtMs, mark.atMs]
  const oldest = mark.kind === 'arrival' ? mark.messages[0] : undefined
  return [oldest && trace ? Math.max(trace.publishedAtMs(oldest), mark.atMs - 1000) : mark.atMs, mark.atMs]
}

/** By what number the server shows it; undefined where the wire has not told. */
export function exchangeOf(lane: Lane, mark: Mark): number | undefined {
  if (mark.kind === 'exchange' || mark.kind === 'stream') return mark.crossed?.exchange
  if (mark.kind === 'arrival' || mark.kind === 'sent' || mark.kind === 'beat') return mark.exchange
  return lane.marks.streams.findLast(({ askedAtMs }) => askedAtMs < mark.atMs)?.crossed?.exchange
}
