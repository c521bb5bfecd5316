/** Draws the lanes' shapes on a canvas. */
import { shapeOf } from '../lane/order.ts'
import type { LaneName } from '../lane/order.ts'

type PathPen = Pick<CanvasPath, 'arc' | 'closePath' | 'lineTo' | 'moveTo'>

/** Adds a shape to the pen's path, so that many shapes can be filled at once. `r` is about half the height. */
export function addShape(pen: PathPen, lane: LaneName, x: number, y: number, r: number): void {
  const corners = shapeOf(lane)
  if (corners === 'circle') {
    pen.moveTo(x + r, y)
    pen.arc(x, y, r, 0, 2 * Math.PI)
    return
  }
  for (const [i, [across, down]] of corners.entries()) pen[i === 0 ? 'moveTo' : 'lineTo'](x + across * r, y + down * r)
  pen.closePath()
}
