/** Which mark lies under the pointer or next to another one, and what can be said of it. */
import { LABELS } from '../../state/labels.ts'
import type { Lane } from '../../state/lane.ts'
import type { Arrival, Exchange, Mark, Stream } from '../../state/marks.ts'
import { TRANSPORTS } from '../../state/order.ts'
import { milliseconds, plural } from '../format.ts'
import { isPolling } from './geometry.ts'
import type { Trace } from './geometry.ts'

/** So near a mark has to be, in pixels. */
const NEAR_PX = 14
/** A stream lies under everything: what it carries is meant rather than itself. */
const BEHIND_MS = 60

/** The marks through which one steps: a poll with what it brought, a stream's events, what this page sent. */
export function marksOf({ transport, marks }: Lane): readonly Mark[] {
  const own: readonly Mark[] = isPolling(transport) ? marks.exchanges : [...marks.streams, ...marks.arrivals]
  return [...own, ...marks.sent, ...marks.cuts, ...marks.gaps].sort((a, b) => startOf(a) - startOf(b))
}

export function pick(lane: Lane, atMs: number, pxPerMs: number, nowMs: number): Mark | null {
  let best: Mark | null = null
  let bestMs = NEAR_PX / pxPerMs
  for (const mark of marksOf(lane)) {
    const [fromMs, toMs] = boundsOf(mark, null, nowMs)
    const ms =
      Math.max(0, fromMs - atMs, atMs - toMs) + (mark.kind === 'stream' ? Math.min(BEHIND_MS, bestMs - 1e-6) : 0)
    if (ms > bestMs || (ms === bestMs && best)) continue
    best = mark
    bestMs = ms
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
  const oldest = mark.kind === 'arrival' ? mark.messages[0] : undefined
  return [oldest && trace ? Math.max(trace.publishedAtMs(oldest), mark.atMs - 1000) : mark.atMs, mark.atMs]
}

/** One sentence about it, for the status line. */
export function tell(lane: Lane, mark: Mark, nowMs: number): string {
  const when = `${((startOf(mark) - nowMs) / 1000).toFixed(1).replace('-', '−')} s`
  return `${nameOf(lane, mark)}, ${when}: ${SENTENCES[mark.kind](lane, mark as never)}`
}

function nameOf({ transport }: Lane, mark: Mark): string {
  if (mark.kind === 'exchange') return transport === 'short-poll' ? 'Poll' : 'Long poll'
  if (mark.kind === 'arrival') return `${transport === 'ws' ? 'Frame' : 'Event'} ${mark.messages[0]?.seq ?? ''}`
  return LABELS[transport]
}

const SENTENCES: { readonly [K in Mark['kind']]: (lane: Lane, mark: Extract<Mark, { kind: K }>) => string } = {
  exchange: exchangeSentence,
  stream: ({ transport }, { openedAtMs, askedAtMs, failed }: Stream) =>
    openedAtMs === null
      ? failed
        ? 'refused'
        : 'connecting'
      : `open after ${milliseconds(openedAtMs - askedAtMs)} ms${transport === 'ws' ? ', both ways' : ''}`,
  arrival: (lane, { messages: [message] }: Arrival) =>
    `${milliseconds(message?.delayMs[TRANSPORTS.indexOf(lane.transport)])} ms after it was published`,
  sent: () => 'sent by this page',
  cut: () => 'cut here; it came back from its own cursor',
  gap: (_, { first, last }) => `the server no longer keeps ${first}–${last}`,
}

function exchangeSentence(lane: Lane, { askedAtMs, sentAtMs, endedAtMs, carried, failed }: Exchange): string {
  const queued = sentAtMs === undefined ? '' : `queued in the browser for ${milliseconds(sentAtMs - askedAtMs)} ms, `
  if (endedAtMs === null) return lane.transport === 'short-poll' ? `${queued}not answered yet` : 'held since then'
  const tookMs = milliseconds(endedAtMs - askedAtMs)
  if (failed) return failed === 'let go' ? 'ended by this page' : `${failed} after ${tookMs} ms`
  return `${queued}${lane.transport === 'long-poll' ? 'held ' : ''}${tookMs} ms, ${carried === 0 ? 'nothing in it' : plural(carried, 'message')}`
}
