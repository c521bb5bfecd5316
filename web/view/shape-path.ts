/** Every lane's own shape, with equal areas. */
import type { LaneName } from '../state/order.ts'

type PathPen = Pick<CanvasPath, 'arc' | 'closePath' | 'lineTo' | 'moveTo' | 'rect'>

/** Adds the shape to the pen's path, so that many are filled at once. `r` is about half its height. */
export function addShape(pen: PathPen, lane: LaneName, x: number, y: number, r: number): void {
  SHAPES[lane](pen, x, y, r)
}

type Draw = (pen: PathPen, x: number, y: number, r: number) => void

const SHAPES: Record<LaneName, Draw> = {
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
  yours(pen, x, y, r) {
    const [far, near] = [r * 1.2, r * 0.43]
    pen.moveTo(x - near, y - far)
    for (const [across, down] of [
      [near, -far],
      [near, -near],
      [far, -near],
      [far, near],
      [near, near],
      [near, far],
      [-near, far],
      [-near, near],
      [-far, near],
      [-far, -near],
      [-near, -near],
    ] as const)
      pen.lineTo(x + across, y + down)
    pen.closePath()
  },
}
