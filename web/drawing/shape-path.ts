/** Draws the shape of each lane on a canvas. */
import { shapeOf } from '../lane/order.ts'
import type { LaneName } from '../lane/order.ts'

type PathPen = Pick<CanvasPath, 'arc' | 'closePath' | 'lineTo' | 'moveTo'>

/**
 * Adds a lane's shape to the pen's path, so that the pen can fill many shapes at once. `r` is about half the shape's
 * height.
 */
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
