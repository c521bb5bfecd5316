/** What goes up and what comes down: requests, answers, events, what this page sent; and what went wrong. */
import type { Exchange, Stream } from '../../state/marks.ts'
import { groundAt } from './bands.ts'
import { arrivalLeftAtMs, isPolling, leftAtMs, reachedAtMs, sentOf, shown, visible } from './geometry.ts'
import type { Strip } from './geometry.ts'
import { hatch } from './hatch.ts'
import { UPRIGHT_PX } from './open.ts'
import { createStamp } from './stamp.ts'

/** A line that brought nothing. */
const PALE = 0.7

type Line = readonly [number, number, number, number]

export function drawStrokes(strip: Strip): void {
  const marks = visible(strip)
  for (const mark of marks) if (mark.kind === 'exchange') drawQueued(strip, mark)
  stroke(
    strip,
    marks.filter(carried).map((mark) => request(strip, mark)),
    1,
  )
  stroke(
    strip,
    marks.filter((mark) => !carried(mark)).map((mark) => request(strip, mark)),
    1,
    PALE,
  )
  stroke(
    strip,
    marks.flatMap((mark) => opening(strip, mark)),
    1,
  )
  stroke(strip, carrying(strip, marks), strip.sizes.carry)
  stroke(
    strip,
    marks.flatMap((mark) => emptyAnswer(strip, mark)),
    1,
    PALE,
  )
  drawHollow(strip, marks)
  drawSent(strip)
  for (const mark of marks)
    if (mark.failed === 'refused')
      cross(strip, strip.x(Math.min(reachedAtMs(strip.trace, mark), strip.untilMs)), strip.serverY)
  for (const cut of shown(strip, strip.trace.cuts)) zigzag(strip, Math.round(strip.x(cut.atMs)) + 0.5)
}

function carried(mark: Exchange | Stream): boolean {
  return !mark.failed || mark.failed === 'cut'
    ? mark.kind === 'stream' || mark.carried > 0 || mark.endedAtMs === null
    : false
}

function request({ trace, x, serverY, browserY }: Strip, mark: Exchange | Stream): Line {
  return [x(sentOf(mark)), browserY, x(reachedAtMs(trace, mark)), serverY]
}

/** The head of an endless answer comes down alone. */
function opening({ trace, x, serverY, browserY }: Strip, mark: Exchange | Stream): readonly Line[] {
  if (mark.kind === 'exchange' || mark.openedAtMs === null) return []
  const leftMs = Math.max(mark.openedAtMs - trace.halfTripMs, (mark.askedAtMs + mark.openedAtMs) / 2)
  return [[x(leftMs), serverY, x(mark.openedAtMs), browserY]]
}

function carrying(strip: Strip, marks: readonly (Exchange | Stream)[]): readonly Line[] {
  const { trace, x, serverY, browserY } = strip
  if (isPolling(trace.transport))
    return marks.flatMap((mark) => (mark.kind === 'exchange' && mark.carried > 0 ? answer(strip, mark) : []))
  return shown(strip, trace.arrivals).map((arrival) => [
    x(arrivalLeftAtMs(trace, arrival)),
    serverY,
    x(arrival.atMs),
    browserY,
  ])
}

function emptyAnswer(strip: Strip, mark: Exchange | Stream): readonly Line[] {
  if (mark.failed === 'refused') {
    const { x, serverY, browserY, trace, untilMs } = strip
    const endedMs = mark.endedAtMs ?? untilMs
    return [[x(Math.min(reachedAtMs(trace, mark), endedMs)), serverY, x(endedMs), browserY]]
  }
  return isEmpty(mark) ? answer(strip, mark) : []
}

function answer({ trace, x, serverY, browserY, untilMs }: Strip, exchange: Exchange): readonly Line[] {
  const { endedAtMs } = exchange
  if (endedAtMs === null || endedAtMs > untilMs) return []
  return [[x(leftAtMs(trace, exchange, endedAtMs)), serverY, x(endedAtMs), browserY]]
}

function isEmpty(mark: Exchange | Stream): mark is Exchange & { endedAtMs: number } {
  return mark.kind === 'exchange' && mark.carried === 0 && mark.endedAtMs !== null && !mark.failed
}

function stroke({ pen, colours, colour }: Strip, lines: readonly Line[], width: number, share = 1): void {
  if (lines.length === 0) return
  pen.beginPath()
  pen.fillStyle = pen.strokeStyle = share === 1 ? colour : colours.mix(colour, share)
  for (const [fromX, fromY, toX, toY] of lines) {
    // Where no slant can be seen, it is a rectangle, which is much faster to draw than a line.
    if (toX - fromX < UPRIGHT_PX)
      pen.fillRect((fromX + toX - width) / 2, Math.min(fromY, toY), width, Math.abs(toY - fromY))
    else {
      pen.moveTo(fromX, fromY)
      pen.lineTo(toX, toY)
    }
  }
  pen.lineWidth = width
  pen.stroke()
}

function drawHollow(
  { pen, colours, colour, sizes, trace, x, browserY, untilMs }: Strip,
  marks: readonly (Exchange | Stream)[],
): void {
  const stamp = createStamp(pen, trace.transport, sizes.dot * 0.72, {
    fill: colours.paper,
    line: colour,
    lineWidth: 1.25,
  })
  for (const mark of marks) if (isEmpty(mark) && mark.endedAtMs <= untilMs) stamp(x(mark.endedAtMs), browserY)
}

function drawSent(strip: Strip): void {
  const { pen, colours, colour, sizes, trace, x, serverY, browserY } = strip
  const marks = shown(strip, trace.sent)
  if (marks.length === 0) return
  stroke(
    strip,
    marks.map(({ atMs, reachedAtMs: reachedMs = atMs + trace.halfTripMs }): Line => [
      x(atMs),
      browserY,
      x(reachedMs),
      serverY,
    ]),
    sizes.carry,
  )
  const stamp = createStamp(pen, trace.transport, sizes.dot * 0.6, {
    fill: colours.paper,
    line: colour,
    lineWidth: 1.5,
  })
  for (const { atMs } of marks) stamp(x(atMs), browserY)
}

/** In grey: the wait is the browser's own doing, not the lane's. */
function drawQueued({ pen, colours, x, browserY }: Strip, { askedAtMs, sentAtMs }: Exchange): void {
  if (sentAtMs === undefined) return
  const left = x(askedAtMs)
  const width = x(sentAtMs) - left
  pen.fillStyle = hatch(pen, colours.ink2)
  pen.fillRect(left, browserY + 4, width, 6)
  pen.lineWidth = 1
  pen.strokeStyle = colours.ink2
  pen.strokeRect(left + 0.5, browserY + 4.5, width - 1, 6)
}

function cross({ pen, colours }: Strip, x: number, y: number): void {
  pen.beginPath()
  pen.moveTo(x - 4, y - 4)
  pen.lineTo(x + 4, y + 4)
  pen.moveTo(x + 4, y - 4)
  pen.lineTo(x - 4, y + 4)
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
