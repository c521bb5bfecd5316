/**
 * Tints the area of a request or stream from its beginning to its end. Draws a thick edge along a line while this side
 * can send at any moment.
 */
import { sentOf } from '../lane/mark.ts'
import type { ExchangeMark, StreamMark } from '../lane/mark.ts'
import { transports } from '../transports/index.ts'
import { leftAtMs, reachedAtMs } from './geometry.ts'
import type { Strip } from './geometry.ts'

const TINT = 0.13
/** Smallest horizontal extent of a slant that is drawn. A person cannot see a smaller one. */
export const UPRIGHT_PX = 1
/** Dashes of a connection in a black hole, while neither the browser nor the server has noticed. */
const SILENT_DASHES = [5, 4]
const SILENT_WIDTH = 1.25

export function drawTint(strip: Strip): void {
  const { pen, trace, x, serverY, browserY, untilMs, colours, colour, marks } = strip
  pen.fillStyle = colours.mix(colour, TINT)
  for (const mark of marks) {
    if (!isOpened(mark)) continue
    const [aboveMs, belowMs] = ends(strip, mark)
    const [upFrom, upTo] = [x(sentOf(mark)), x(Math.min(reachedAtMs(trace, mark), untilMs))]
    const [downFrom, downTo] = [x(aboveMs), x(belowMs)]
    // A person cannot see so small a slant, so a rectangle is drawn, which the browser fills much faster than a path.
    if (upTo - upFrom + Math.abs(downTo - downFrom) < UPRIGHT_PX)
      pen.fillRect(upFrom, serverY, downTo - upFrom, browserY - serverY)
    else {
      pen.beginPath()
      pen.moveTo(upFrom, browserY)
      pen.lineTo(upTo, serverY)
      pen.lineTo(downFrom, serverY)
      pen.lineTo(downTo, browserY)
      pen.fill()
    }
  }
}

export function drawEdges(strip: Strip): void {
  const { pen, trace, sizes, colour, marks } = strip
  // The server answers a short poll at once, so the server cannot send at any later moment.
  if (!transports[trace.transport].canPush) return
  pen.strokeStyle = colour
  pen.beginPath()
  for (const mark of marks)
    for (const [y, fromMs, toMs] of edges(strip, mark))
      edge(strip, y, fromMs, Math.min(toMs, mark.silentFromMs ?? toMs))
  pen.lineWidth = sizes.edge
  pen.stroke()
  const silent = marks.filter((mark) => mark.silentFromMs !== undefined)
  if (silent.length === 0) return
  pen.beginPath()
  for (const mark of silent)
    for (const [y, fromMs, toMs] of edges(strip, mark))
      edge(strip, y, Math.max(fromMs, mark.silentFromMs ?? toMs), toMs)
  pen.setLineDash(SILENT_DASHES)
  pen.lineWidth = SILENT_WIDTH
  pen.stroke()
  pen.setLineDash([])
}

function isOpened(mark: ExchangeMark | StreamMark): boolean {
  return mark.failed !== 'refused' && (mark.kind === 'exchange' || mark.openedAtMs !== null)
}

/**
 * Returns the thick edges of a mark, each as height, start and end. Every mark has an edge at the server, and a
 * WebSocket's mark also has an edge at the browser.
 */
function edges(strip: Strip, mark: ExchangeMark | StreamMark): readonly (readonly [number, number, number])[] {
  if (!isOpened(mark)) return []
  const { trace, serverY, browserY, untilMs } = strip
  const [aboveMs, belowMs] = ends(strip, mark)
  const above = [serverY, reachedAtMs(trace, mark), aboveMs] as const
  if (transports[trace.transport].kind !== 'socket' || mark.kind !== 'stream') return [above]
  return [above, [browserY, mark.openedAtMs ?? untilMs, belowMs]]
}

/**
 * Returns the end of the mark at the server, and the end of the mark in the browser. If the mark has not ended yet,
 * each end is the present.
 */
function ends({ trace, untilMs }: Strip, mark: ExchangeMark | StreamMark): readonly [number, number] {
  const endedAtMs = Math.min(mark.endedAtMs ?? untilMs, untilMs)
  if (mark.kind === 'stream') return [Math.min(mark.closedAtMs ?? endedAtMs, untilMs), endedAtMs]
  // The wire may report that a response has left the server before the response has arrived.
  const hasLeft = (mark.endedAtMs === endedAtMs || mark.leftAtMs !== undefined) && !mark.failed
  return [hasLeft ? Math.min(leftAtMs(trace, mark, endedAtMs), untilMs) : endedAtMs, endedAtMs]
}

function edge({ pen, x }: Strip, y: number, fromMs: number, toMs: number): void {
  if (toMs < fromMs) return
  const left = x(fromMs)
  pen.moveTo(left, y)
  // An edge is drawn at least one pixel wide, even if its time is shorter.
  pen.lineTo(Math.max(left + 1, x(toMs)), y)
}
