/**
 * Draws messages that wait on the server. A message's bar begins at the rule of the message's publication. The bar's
 * length is the delay that the transport causes.
 */
import { firstAtOrAfter } from '../lane/search.ts'
import { arrivalLeftAtMs } from './geometry.ts'
import type { Strip } from './geometry.ts'
import type { Pen } from '../drawing/pen.ts'

/** A shorter bar is not drawn, because its message left at once. */
const SHORTEST_PX = 2.5
/** Greatest number of bars in a stack. If there are more bars, they are drawn as one staircase. */
const MOST_BARS = 4

interface Bar {
  readonly from: number
  readonly to: number
}

export function drawWaits(strip: Strip): void {
  const bars = barsOf(strip)
  if (bars.length === 0) return
  const rows = rowsOf(bars)
  const most = Math.max(...rows) + 1
  const { pen, sizes, colour, serverY } = strip
  const base = serverY - sizes.edge / 2 - 2
  const pitch = Math.min(sizes.bar + 1.5, sizes.room / most)
  // The rectangles are filled one by one. To fill one path with all rectangles would be far slower.
  pen.fillStyle = colour
  if (most > MOST_BARS) staircase(pen, bars, base, pitch)
  else for (const [i, bar] of bars.entries()) drawBar(strip, bar, base - (rows[i] ?? 0) * pitch, pitch)
}

/**
 * Returns the bars of waiting messages, in the order in which the bars begin. A lane brings messages in the order of
 * the feed, so no sorting is necessary.
 */
function barsOf({ trace, fromMs, untilMs, x }: Strip): Bar[] {
  const bars: Bar[] = []
  const add = (publishedMs: number, leftMs: number): void => {
    const bar = { from: x(publishedMs), to: x(Math.min(leftMs, untilMs)) }
    if (publishedMs < untilMs && bar.to - bar.from >= SHORTEST_PX) bars.push(bar)
  }
  for (let i = firstAtOrAfter(trace.arrivals, fromMs, (arrival) => arrival.atMs); i < trace.arrivals.length; i++) {
    const arrival = trace.arrivals[i]
    const oldest = arrival?.messages[0]
    if (!arrival || !oldest || trace.publishedAtMs(oldest) > untilMs) break
    const leftMs = arrivalLeftAtMs(trace, arrival)
    for (const message of arrival.messages) add(trace.publishedAtMs(message), leftMs)
  }
  for (const { publishedAtMs, leftAtMs = Infinity } of trace.pending) add(publishedAtMs, leftAtMs)
  return bars
}

/** Returns the row of each bar: the lowest row that is free. */
function rowsOf(bars: readonly Bar[]): number[] {
  const freeFrom: number[] = []
  return bars.map(({ from, to }) => {
    const free = freeFrom.findIndex((end) => end <= from - 1)
    const row = free < 0 ? freeFrom.length : free
    freeFrom[row] = to
    return row
  })
}

function drawBar({ pen }: Strip, { from, to }: Bar, bottom: number, pitch: number): void {
  const roomy = pitch > 2.6
  const height = roomy ? pitch - 1.5 : pitch
  pen.fillRect(from, bottom - height, to - from, height)
  // A short vertical line at the bar's left end joins the bar to the rule of its message.
  if (roomy) pen.fillRect(from - 0.5, bottom - height - 1.5, 1.5, height + 3)
}

/** Draws the bars as a staircase. At each moment, the height is the number of messages that wait. */
function staircase(pen: Pen, bars: readonly Bar[], base: number, pitch: number): void {
  const steps = bars.flatMap(({ from, to }) => [
    { x: from, by: 1 },
    { x: to, by: -1 },
  ])
  steps.sort((a, b) => a.x - b.x || a.by - b.by)
  let waiting = 0
  let from = 0
  for (const { x, by } of steps) {
    // Each step is a little wider than its time, so that no gap is visible between steps.
    if (waiting > 0 && x > from) pen.fillRect(from, base - waiting * pitch, x - from + 0.3, waiting * pitch)
    waiting += by
    from = x
  }
}
