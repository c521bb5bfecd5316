/** Finds the mark that is under the pointer, or the mark that is next to another mark. */
import type { Lane } from '../lane/lane.ts'
import type { Mark } from '../lane/mark.ts'
import { firstAtOrAfter } from '../lane/search.ts'
import { isPolling } from './geometry.ts'
import type { Trace } from './geometry.ts'

/** Greatest distance in pixels at which the pointer picks a mark. */
const NEAR_PX = 14
/**
 * Distance that is added for a stream. If another mark lies on top of the stream, a person who points there probably
 * means that mark.
 */
const BEHIND_MS = 60

/**
 * Returns the marks through which a person can step, in time order: polls, or streams with their events; and sent
 * messages, beats, cuts and gaps.
 */
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
    // Each list ascends in time, so all marks after this one are too far away.
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

/** Returns the lane's mark that is nearest in time. With it, a person steps from one lane to the next. */
export function nearest(lane: Lane, atMs: number): Mark | null {
  return marksOf(lane).reduce<Mark | null>(
    (best, mark) => (best && Math.abs(startOf(best) - atMs) <= Math.abs(startOf(mark) - atMs) ? best : mark),
    null,
  )
}

export function startOf(mark: Mark): number {
  return mark.kind === 'exchange' || mark.kind === 'stream' ? mark.askedAtMs : mark.atMs
}

/** Returns the first and the last time at which a mark is drawn. */
export function boundsOf(mark: Mark, trace: Trace | null, nowMs: number): readonly [number, number] {
  if (mark.kind === 'exchange' || mark.kind === 'stream') return [mark.askedAtMs, mark.endedAtMs ?? nowMs]
  if (mark.kind === 'arrival' && mark.leftAtMs !== undefined && trace === null) return [mark.leftAtMs, mark.atMs]
  const oldest = mark.kind === 'arrival' ? mark.messages[0] : undefined
  return [oldest && trace ? Math.max(trace.publishedAtMs(oldest), mark.atMs - 1000) : mark.atMs, mark.atMs]
}

/** Returns the server's number of the mark's exchange; undefined if the wire has not reported the number. */
export function exchangeOf(lane: Lane, mark: Mark): number | undefined {
  if (mark.kind === 'exchange' || mark.kind === 'stream') return mark.crossed?.exchange
  if (mark.kind === 'arrival' || mark.kind === 'sent' || mark.kind === 'beat') return mark.exchange
  return lane.marks.streams.findLast(({ askedAtMs }) => askedAtMs < mark.atMs)?.crossed?.exchange
}
