/**
 * Draws failures: a refusal, a lost packet, a cut, and an absent server. Failures have the colour of the text, because
 * the lane's transport did not cause them.
 */
import { groundAt } from './bands.ts'
import { arrivalLeftAtMs, isPolling, leftAtMs, reachedAtMs, shown } from './geometry.ts'
import type { Strip } from './geometry.ts'
import { slopeOf } from './strokes.ts'

const CROSS_PX = 4
const SMALL_CROSS_PX = 2.5
const DOTS = [2, 4]

export function drawFaults(strip: Strip): void {
  const { marks, trace, x, untilMs, serverY } = strip
  for (const mark of marks)
    if (mark.failed === 'refused') cross(strip, x(Math.min(reachedAtMs(trace, mark), untilMs)), serverY, CROSS_PX)
  drawLosses(strip)
  for (const cut of shown(strip, trace.cuts)) zigzag(strip, Math.round(x(cut.atMs)) + 0.5)
}

/** Draws the server's line as dots for the times in which the server is absent. */
export function drawAbsences({ pen, colours, span, fromMs, untilMs, x, serverY, sizes }: Strip): void {
  for (const absence of span.absences) {
    const toMs = Math.min(absence.toMs ?? untilMs, untilMs)
    if (toMs < fromMs || absence.fromMs > untilMs) continue
    const [left, right] = [Math.max(0, x(absence.fromMs)), x(toMs)]
    pen.fillStyle = groundAt(colours, span, left)
    pen.fillRect(left, serverY - sizes.edge / 2 - 0.5, right - left, sizes.edge + 1)
    pen.beginPath()
    pen.moveTo(left, serverY)
    pen.lineTo(right, serverY)
    pen.setLineDash(DOTS)
    pen.lineWidth = 2
    pen.strokeStyle = colours.ink
    pen.stroke()
    pen.setLineDash([])
  }
}

/** Draws a cross for each lost packet, in the middle of the packet's path. */
function drawLosses(strip: Strip): void {
  const { trace, marks } = strip
  if (!isPolling(trace.transport)) {
    for (const arrival of shown(strip, trace.arrivals))
      if (arrival.held === 'lost') lose(strip, arrivalLeftAtMs(trace, arrival), arrival.atMs)
  }
  for (const mark of marks) {
    if (mark.heldUp === 'lost' && mark.reachedAtMs !== undefined) lose(strip, mark.askedAtMs, mark.reachedAtMs)
    const hereAtMs = mark.kind === 'stream' ? mark.openedAtMs : mark.endedAtMs
    if (mark.heldDown !== 'lost' || hereAtMs === null) continue
    lose(strip, mark.kind === 'exchange' ? leftAtMs(trace, mark, hereAtMs) : (mark.leftAtMs ?? hereAtMs), hereAtMs)
  }
}

function lose(strip: Strip, fromMs: number, toMs: number): void {
  const { x, trace, serverY, browserY } = strip
  cross(strip, x(fromMs + slopeOf(trace.halfTripMs, fromMs, toMs)), (serverY + browserY) / 2, SMALL_CROSS_PX)
}

function cross({ pen, colours }: Strip, x: number, y: number, r: number): void {
  pen.beginPath()
  pen.moveTo(x - r, y - r)
  pen.lineTo(x + r, y + r)
  pen.moveTo(x + r, y - r)
  pen.lineTo(x - r, y + r)
  pen.lineWidth = 1.5
  pen.strokeStyle = colours.ink
  pen.stroke()
}

function zigzag({ pen, colours, span, serverY, browserY }: Strip, x: number): void {
  pen.fillStyle = groundAt(colours, span, x)
  pen.fillRect(x - 3, serverY - 6, 6, browserY - serverY + 12)
  pen.beginPath()
  pen.moveTo(x - 3, serverY - 6)
  for (let y = serverY - 1, right = true; y < browserY + 6; y += 5, right = !right) pen.lineTo(right ? x + 2 : x - 3, y)
  pen.lineWidth = 1.5
  pen.strokeStyle = colours.ink
  pen.stroke()
}
