/** Where something is open between the two: tinted; and where one of them may speak at once: a thick edge. */
import type { Exchange, Stream } from '../../state/marks.ts'
import { leftAtMs, reachedAtMs, sentOf, visible } from './geometry.ts'
import type { Strip } from './geometry.ts'

const TINT = 0.13
/** Less slant than this cannot be seen. */
export const UPRIGHT_PX = 0.5

export function drawTint(strip: Strip): void {
  const { pen, trace, x, serverY, browserY, untilMs, colours, colour } = strip
  pen.fillStyle = colours.mix(colour, TINT)
  for (const mark of visible(strip)) {
    if (mark.failed === 'refused' || (mark.kind === 'stream' && mark.openedAtMs === null)) continue
    const [aboveMs, belowMs] = ends(strip, mark)
    const [upFrom, upTo] = [x(sentOf(mark)), x(Math.min(reachedAtMs(trace, mark), untilMs))]
    const [downFrom, downTo] = [x(aboveMs), x(belowMs)]
    // Where no slant can be seen, it is a rectangle, which is much faster to fill than a path.
    if (upTo - upFrom + downTo - downFrom < UPRIGHT_PX)
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
  const { pen, trace, sizes, serverY, browserY, colour, untilMs } = strip
  // A short poll is answered at once: the server is never left waiting with it.
  if (trace.transport === 'short-poll') return
  pen.beginPath()
  for (const mark of visible(strip)) {
    if (mark.failed === 'refused') continue
    if (mark.kind === 'stream' && mark.openedAtMs === null) continue
    edge(strip, serverY, reachedAtMs(trace, mark), ends(strip, mark)[0])
    if (trace.transport === 'ws' && mark.kind === 'stream')
      edge(strip, browserY, mark.openedAtMs ?? untilMs, ends(strip, mark)[1])
  }
  pen.lineWidth = sizes.edge
  pen.strokeStyle = colour
  pen.stroke()
}

/** When it ends above, at the server, and below, in the browser; both now where it has not. */
function ends({ trace, untilMs }: Strip, mark: Exchange | Stream): readonly [number, number] {
  const { endedAtMs } = mark
  if (endedAtMs === null || endedAtMs > untilMs) return [untilMs, untilMs]
  if (mark.kind === 'stream' || mark.failed) return [endedAtMs, endedAtMs]
  return [leftAtMs(trace, mark, endedAtMs), endedAtMs]
}

function edge({ pen, x }: Strip, y: number, fromMs: number, toMs: number): void {
  const left = x(fromMs)
  pen.moveTo(left, y)
  // Nothing is drawn thinner than a pixel, however short it was.
  pen.lineTo(Math.max(left + 1, x(toMs)), y)
}
