/** Every lane's own shape, with equal areas. */
import type { TransportName } from '../../server/protocol.ts'

type PathPen = Pick<CanvasPath, 'arc' | 'closePath' | 'lineTo' | 'moveTo' | 'rect'>

/** Adds the shape to the pen's path, so that many are filled at once. `r` is about half its height. */
export function addShape(pen: PathPen, lane: TransportName, x: number, y: number, r: number): void {
  SHAPES[lane](pen, x, y, r)
}

type Draw = (pen: PathPen, x: number, y: number, r: number) => void

const SHAPES: Record<TransportName, Draw> = {
  'short-poll'(pen, x, y, r) {
    pen.moveTo(x, y - r * 1.12)
    pen.lineTo(x + r * 1.18, y + r * 0.92)
    pen.lineTo(x - r * 1.18, y + r * 0.92)
    pen.closePath()
  },
  'long-poll'(pen, x, y, r) {
    const half = r * 0.88
    pen.rect(x - half, y - half, 2 * half, 2 * half)
  },
  sse(pen, x, y, r) {
    pen.moveTo(x + r, y)
    pen.arc(x, y, r, 0, 2 * Math.PI)
  },
  ws(pen, x, y, r) {
    const half = r * 1.25
    pen.moveTo(x, y - half)
    pen.lineTo(x + half, y)
    pen.lineTo(x, y + half)
    pen.lineTo(x - half, y)
    pen.closePath()
  },
}
