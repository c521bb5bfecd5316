/** Draws arriving messages: on the browser's line, the shape of the lane; below the line, the delay. */
import { firstAtOrAfter } from '../lane/search.ts'
import type { ArrivalMark } from '../lane/mark.ts'
import { textWidth } from '../drawing/canvas.ts'
import { groundAt } from './bands.ts'
import { shown } from './geometry.ts'
import type { Strip } from './geometry.ts'
import { createStamp } from './stamp.ts'
import type { Stamp } from './stamp.ts'

/**
 * Greatest number of shapes in the stack of one response. A response with more messages becomes one shape with a
 * number.
 */
const MOST_STACKED = 3
const DENSE = 0.62
/** If the distance between two shapes is smaller than this, one shape covers the other. */
const SAME_PX = 1

export function drawArrivals(strip: Strip): void {
  const { trace, fromMs, untilMs, sizes } = strip
  const first = firstAtOrAfter(trace.arrivals, fromMs, (arrival) => arrival.atMs)
  const arrivals = trace.arrivals.slice(
    first,
    firstAtOrAfter(trace.arrivals, untilMs, (arrival) => arrival.atMs),
  )
  const stamp = stampOf(strip)
  const pitch = sizes.dot * (strip.span.dense ? DENSE : 1) * 1.9
  let drawnAt = -Infinity
  let stacked = 0
  for (const arrival of arrivals) {
    const x = strip.x(arrival.atMs)
    const isSame = x - drawnAt < SAME_PX && arrival.messages.length === 1
    // Messages that waited behind a lost packet arrive together, so they are stacked like the messages of one response.
    // Any other shape in the same place is left out, because it would cover the first shape.
    if (isSame && (arrival.held !== 'behind' || stacked >= MOST_STACKED)) continue
    const from = isSame ? stacked : 0
    stacked = from + stackOf(arrival)
    for (let i = from; i < stacked; i++) stamp(isSame ? drawnAt : x, strip.browserY - i * pitch)
    if (!isSame) drawnAt = x
  }
  if (sizes.text === 0) return drawGaps(strip)
  for (const arrival of arrivals) if (arrival.messages.length > MOST_STACKED) drawCount(strip, arrival)
  for (const arrival of arrivals) drawLate(strip, arrival)
  drawGaps(strip)
}

/**
 * Creates the stamp that draws arrivals. In a dense strip, the shapes have no outline; otherwise each shape has an
 * outline in the colour of the paper.
 */
function stampOf({ pen, trace, span, colours, colour, sizes }: Strip): Stamp {
  const r = span.dense ? sizes.dot * DENSE : sizes.dot
  return createStamp(pen, trace.name, r, {
    fill: colour,
    line: span.dense ? null : colours.paper,
    lineWidth: 1.25,
  })
}

function stackOf({ messages }: ArrivalMark): number {
  return messages.length > MOST_STACKED ? 1 : messages.length
}

function drawCount({ pen, colours, span, sizes, x, browserY }: Strip, arrival: ArrivalMark): void {
  const text = `×${arrival.messages.length}`
  const width = textWidth(pen, `600 ${sizes.text}px ${colours.font}`, text)
  const dot = span.dense ? sizes.dot * DENSE : sizes.dot
  const at = x(arrival.atMs)
  const left = at + dot + width + 8 > span.width ? at - dot - width - 6 : at + dot + 2
  pen.fillStyle = groundAt(colours, span, left)
  pen.fillRect(left, browserY - sizes.text - 3, width + 4, sizes.text + 2)
  pen.fillStyle = colours.ink
  pen.textAlign = 'left'
  pen.textBaseline = 'alphabetic'
  pen.fillText(text, left + 2, browserY - 5)
}

function drawLate({ pen, colours, span, sizes, trace, x, browserY }: Strip, arrival: ArrivalMark): void {
  const text = trace.labelled(arrival)
  if (text === null) return
  const width = textWidth(pen, `${sizes.text}px ${colours.font}`, text)
  const left = Math.min(x(arrival.atMs) - width / 2, span.width - width - 1)
  pen.fillStyle = groundAt(colours, span, left)
  pen.fillRect(left - 2, browserY + sizes.dot + 2, width + 4, sizes.text + 2)
  pen.fillStyle = colours.ink2
  pen.textAlign = 'left'
  pen.textBaseline = 'alphabetic'
  pen.fillText(text, left, browserY + sizes.dot + 4 + sizes.text * 0.82)
}

function drawGaps(strip: Strip): void {
  const { pen, colours, sizes, x, browserY } = strip
  const size = sizes.text || 11
  for (const gap of shown(strip, strip.trace.gaps)) {
    const text = `gap ${gap.first}–${gap.last}`
    const width = textWidth(pen, `600 ${size}px ${colours.font}`, text)
    const left = x(gap.atMs) + 4
    pen.fillStyle = colours.ink
    pen.fillRect(left, browserY - (size + 5) / 2, width + 8, size + 5)
    pen.fillStyle = colours.paper
    pen.textAlign = 'left'
    pen.textBaseline = 'middle'
    pen.fillText(text, left + 4, browserY + 0.5)
  }
}
