/**
 * Draws one lane's strip: the server's line at the top, the browser's line at the bottom, and time to the right. Each
 * mark stands at its true time, so a slanted line shows how long a message travelled. This file draws the ladder and
 * also the samples in the help.
 */
import type { Colours } from '../drawing/colours.ts'
import { drawArrivals } from './arrivals.ts'
import { visible } from './geometry.ts'
import type { StripSizes, Span, Strip, Trace } from './geometry.ts'
import { drawEdges, drawTint } from './open.ts'
import { drawBeats } from './beats.ts'
import { drawAbsences, drawFaults } from './faults.ts'
import { drawStrokes } from './strokes.ts'
import { xAt } from './time.ts'
import { drawWaits } from './waits.ts'
import type { Pen } from '../drawing/pen.ts'

/** Draws the strip between `top` and `top + height`. Calls `rules` when the tint is drawn and the marks are not. */
export function drawStrip(
  pen: Pen,
  colours: Colours,
  span: Span,
  sizes: StripSizes,
  trace: Trace,
  top: number,
  height: number,
  rules: () => void,
): void {
  const untilMs = Math.min(span.nowMs, span.endMs)
  const strip: Strip = {
    pen,
    colours,
    span,
    sizes,
    trace,
    colour: colours.lanes[trace.name],
    top,
    height,
    serverY: Math.round(top + height * sizes.server) + 0.5,
    browserY: Math.round(top + height * sizes.browser) + 0.5,
    fromMs: span.fromMs,
    untilMs,
    marks: visible(trace, span.fromMs, untilMs),
    x: (ms) => xAt(span, ms),
  }
  pen.save()
  pen.beginPath()
  // The clip area is wider than the picture, so that a shape at the present is drawn whole.
  pen.rect(0, top, span.width + sizes.dot + 2, height)
  pen.clip()
  drawTint(strip)
  drawLines(strip)
  rules()
  drawEdges(strip)
  drawWaits(strip)
  drawAbsences(strip)
  drawBeats(strip)
  drawStrokes(strip)
  drawFaults(strip)
  drawArrivals(strip)
  pen.restore()
}

function drawLines({ pen, colours, span, serverY, browserY }: Strip): void {
  pen.lineWidth = 1
  pen.strokeStyle = colours.edge
  pen.beginPath()
  for (const y of [serverY, browserY]) {
    pen.moveTo(0, y)
    pen.lineTo(span.width, y)
  }
  pen.stroke()
}
