/** Draws the shape of each lane on a canvas or as a path in SVG. */
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

/** Returns a lane's shapes at these points as the data of one SVG path. */
export function shapesPath(
  lane: LaneName,
  points: readonly { readonly x: number; readonly y: number }[],
  r: number,
): string {
  const corners = shapeOf(lane)
  return points
    .map(({ x, y }) =>
      corners === 'circle'
        ? `M${short(x - r)} ${short(y)}a${short(r)} ${short(r)} 0 1 0 ${short(2 * r)} 0a${short(r)} ${short(r)} 0 1 0 ${short(-2 * r)} 0Z`
        : `M${corners.map(([across, down]) => `${short(x + across * r)} ${short(y + down * r)}`).join('L')}Z`,
    )
    .join('')
}

const short = (length: number): string => String(Math.round(length * 100) / 100)
