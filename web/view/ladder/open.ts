/** Where something is open between the two: tinted; and where one of them may speak at once: a thick edge. */
import { sentOf } from '../../state/mark.ts'
import type { Exchange, Stream } from '../../state/mark.ts'
import { leftAtMs, reachedAtMs } from './geometry.ts'
import type { Strip } from './geometry.ts'

const TINT = 0.13
/** Less slant than this cannot be seen. */
export const UPRIGHT_PX = 1
/** Nobody hears anything any more, and nobody has noticed. */
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
    // Where no slant can be seen, it is a rectangle, which is much faster to fill than a path.
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
  // A short poll is answered at once: the server is never left waiting with it.
  if (trace.transport === 'short-poll') return
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

function isOpened(mark: Exchange | Stream): boolean {
  return mark.failed !== 'refused' && (mark.kind === 'exchange' || mark.openedAtMs !== null)
}

/** At the server, and where the browser may speak too, there: how high, from when to when. */
function edges(strip: Strip, mark: Exchange | Stream): readonly (readonly [number, number, number])[] {
  if (!isOpened(mark)) return []
  const { trace, serverY, browserY, untilMs } = strip
  const [aboveMs, belowMs] = ends(strip, mark)
  const above = [serverY, reachedAtMs(trace, mark), aboveMs] as const
  if (trace.transport !== 'ws' || mark.kind !== 'stream') return [above]
  return [above, [browserY, mark.openedAtMs ?? untilMs, belowMs]]
}

/** When it ends above, at the server, and below, in the browser; both now where it has not. */
function ends({ trace, untilMs }: Strip, mark: Exchange | Stream): readonly [number, number] {
  const endedAtMs = Math.min(mark.endedAtMs ?? untilMs, untilMs)
  if (mark.kind === 'stream') return [Math.min(mark.closedAtMs ?? endedAtMs, untilMs), endedAtMs]
  // Told of by the wire, an answer may have left while it is not here yet.
  const hasLeft = (mark.endedAtMs === endedAtMs || mark.leftAtMs !== undefined) && !mark.failed
  return [hasLeft ? Math.min(leftAtMs(trace, mark, endedAtMs), untilMs) : endedAtMs, endedAtMs]
}

function edge({ pen, x }: Strip, y: number, fromMs: number, toMs: number): void {
  if (toMs < fromMs) return
  const left = x(fromMs)
  pen.moveTo(left, y)
  // Nothing is drawn thinner than a pixel, however short it was.
  pen.lineTo(Math.max(left + 1, x(toMs)), y)
}
