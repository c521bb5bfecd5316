/** Draws what travels between browser and server: requests, responses, events, and messages that this page sent. */
import { sentOf } from '../lane/mark.ts'
import type { ExchangeMark, Held, StreamMark } from '../lane/mark.ts'
import { arrivalLeftAtMs, headLeftAtMs, isPolling, leftAtMs, reachedAtMs, shown } from './geometry.ts'
import type { Strip } from './geometry.ts'
import { hatch } from './hatch.ts'
import { UPRIGHT_PX } from './open.ts'
import { createStamp } from './stamp.ts'

/** Share of the lane's colour in a line that brought no message. */
export const PALE = 0.7

/** A busy machine may handle a message this late although nothing on the way has held the message up. */
const HELD_MS = 200

/** Points of a line: x and y of the first point, x and y of the second point, and so on. */
export type Polyline = readonly number[]

export function drawStrokes(strip: Strip): void {
  const { marks } = strip
  for (const mark of marks) if (mark.kind === 'exchange') drawQueued(strip, mark)
  const requests = (isWorth: boolean): readonly Polyline[] =>
    marks.filter((mark) => carried(mark) === isWorth).map((mark) => request(strip, mark))
  stroke(strip, requests(true), 1)
  stroke(strip, requests(false), 1, PALE)
  stroke(
    strip,
    marks.flatMap((mark) => opening(strip, mark)),
    1,
  )
  stroke(strip, [...carrying(strip), ...travelling(strip)], strip.sizes.carry)
  stroke(
    strip,
    marks.flatMap((mark) => emptyAnswer(strip, mark)),
    1,
    PALE,
  )
  drawHollow(strip)
  drawSent(strip)
}

function carried(mark: ExchangeMark | StreamMark): boolean {
  return !mark.failed || mark.failed === 'cut'
    ? mark.kind === 'stream' || mark.carried > 0 || mark.endedAtMs === null
    : false
}

function request(strip: Strip, mark: ExchangeMark | StreamMark): Polyline {
  const { trace, browserY, serverY } = strip
  return line(strip, sentOf(mark), browserY, reachedAtMs(trace, mark), serverY, mark.heldUp)
}

/** Returns the line of a stream's response head, which the server sends before any event. */
function opening(strip: Strip, mark: ExchangeMark | StreamMark): readonly Polyline[] {
  if (mark.kind === 'exchange' || mark.openedAtMs === null || mark.openedAtMs > strip.untilMs) return []
  const leftMs = headLeftAtMs(strip.trace, mark, mark.openedAtMs)
  return [line(strip, leftMs, strip.serverY, mark.openedAtMs, strip.browserY, mark.heldDown)]
}

function carrying(strip: Strip): readonly Polyline[] {
  const { trace, marks, serverY, browserY } = strip
  if (isPolling(trace.transport))
    return marks.flatMap((mark) => (mark.kind === 'exchange' && mark.carried > 0 ? answer(strip, mark) : []))
  return shown(strip, trace.arrivals).map((arrival) =>
    line(strip, arrivalLeftAtMs(trace, arrival), serverY, arrival.atMs, browserY, arrival.held),
  )
}

/**
 * Returns the lines of events that have left the server and have not arrived. A line ends where the event probably is
 * now. If the event is late, the line runs level.
 */
function travelling({ trace, untilMs, x, serverY, browserY }: Strip): readonly Polyline[] {
  const { halfTripMs, pending } = trace
  return pending.flatMap(({ leftAtMs: leftMs }) => {
    if (leftMs === undefined || leftMs >= untilMs) return []
    const middle = (serverY + browserY) / 2
    if (untilMs - leftMs > halfTripMs + HELD_MS)
      return [[x(leftMs), serverY, x(leftMs + halfTripMs / 2), middle, x(untilMs), middle]]
    const share = Math.min(1, (untilMs - leftMs) / Math.max(1, halfTripMs))
    return [[x(leftMs), serverY, x(leftMs + share * halfTripMs), serverY + share * (browserY - serverY)]]
  })
}

function emptyAnswer(strip: Strip, mark: ExchangeMark | StreamMark): readonly Polyline[] {
  if (mark.failed === 'refused') {
    const { trace, untilMs, serverY, browserY } = strip
    const endedMs = mark.endedAtMs ?? untilMs
    return [line(strip, Math.min(reachedAtMs(trace, mark), endedMs), serverY, endedMs, browserY)]
  }
  return isEmpty(mark) ? answer(strip, mark) : []
}

function answer(strip: Strip, exchange: ExchangeMark): readonly Polyline[] {
  const { trace, serverY, browserY, untilMs } = strip
  const { endedAtMs, heldDown } = exchange
  if (endedAtMs === null || endedAtMs > untilMs) return []
  return [line(strip, leftAtMs(trace, exchange, endedAtMs), serverY, endedAtMs, browserY, heldDown)]
}

function isEmpty(mark: ExchangeMark | StreamMark): mark is ExchangeMark & { endedAtMs: number } {
  return mark.kind === 'exchange' && mark.carried === 0 && mark.endedAtMs !== null && !mark.failed
}

/**
 * Returns the line of a message, which slants while the message travels. If something held the message up, the line
 * runs level at half height for that time.
 */
function line(strip: Strip, fromMs: number, fromY: number, toMs: number, toY: number, held?: Held): Polyline {
  const { x, trace } = strip
  if (!held) return [x(fromMs), fromY, x(toMs), toY]
  const slopeMs = slopeOf(trace.halfTripMs, fromMs, toMs)
  const middle = (fromY + toY) / 2
  return [x(fromMs), fromY, x(fromMs + slopeMs), middle, x(toMs - slopeMs), middle, x(toMs), toY]
}

/**
 * Returns the time of each slanted half of a line: half of the one-way time. A delay is drawn as a level piece between
 * the slanted halves.
 */
export function slopeOf(wayMs: number, fromMs: number, toMs: number): number {
  return Math.min(wayMs / 2, (toMs - fromMs) / 4)
}

export function stroke({ pen, colours, colour }: Strip, lines: readonly Polyline[], width: number, share = 1): void {
  if (lines.length === 0) return
  pen.beginPath()
  pen.fillStyle = pen.strokeStyle = share === 1 ? colour : colours.mix(colour, share)
  for (const points of lines) {
    const [fromX = 0, fromY = 0, toX = 0, toY = 0] = points
    // A person cannot see so small a slant, so a rectangle is drawn, which is much faster than a line.
    if (points.length === 4 && toX - fromX < UPRIGHT_PX)
      pen.fillRect((fromX + toX - width) / 2, Math.min(fromY, toY), width, Math.abs(toY - fromY))
    else {
      pen.moveTo(fromX, fromY)
      for (let i = 2; i < points.length; i += 2) pen.lineTo(points[i] ?? 0, points[i + 1] ?? 0)
    }
  }
  pen.lineWidth = width
  pen.stroke()
}

function drawHollow({ pen, colours, colour, sizes, trace, x, browserY, untilMs, marks }: Strip): void {
  const stamp = createStamp(pen, trace.name, sizes.dot * 0.72, {
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
    marks.map(({ atMs, reachedAtMs: reachedMs = atMs + trace.halfTripMs }): Polyline => [
      x(atMs),
      browserY,
      x(reachedMs),
      serverY,
    ]),
    sizes.carry,
  )
  const stamp = createStamp(pen, trace.name, sizes.dot * 0.6, {
    fill: colours.paper,
    line: colour,
    lineWidth: 1.5,
  })
  for (const { atMs } of marks) stamp(x(atMs), browserY)
}

/**
 * Draws the time for which the browser queued a request. This time is grey, because the lane's transport did not cause
 * the wait.
 */
function drawQueued({ pen, colours, x, browserY }: Strip, { askedAtMs, sentAtMs }: ExchangeMark): void {
  if (sentAtMs === undefined) return
  const left = x(askedAtMs)
  const width = x(sentAtMs) - left
  pen.fillStyle = hatch(pen, colours.ink2)
  pen.fillRect(left, browserY + 4, width, 6)
  pen.lineWidth = 1
  pen.strokeStyle = colours.ink2
  pen.strokeRect(left + 0.5, browserY + 4.5, width - 1, 6)
}
