/**
 * Draws a lane's shape once and then copies it. In every frame, filling hundreds of small paths would take longer than
 * all other drawing.
 */
import type { LaneName } from '../lane/order.ts'
import { addShape } from '../drawing/shape-path.ts'
import type { Pen } from '../drawing/pen.ts'

export interface Ink {
  readonly fill: string
  /** Colour of the shape's outline; null if the shape has no outline. */
  readonly line: string | null
  readonly lineWidth: number
}

const stamps = new Map<string, ImageBitmap>()
const MOST = 60

/** Draws the shape. The shape's centre is at the point (`x`, `y`). */
export type Stamp = (x: number, y: number) => void

export function createStamp(pen: Pen, lane: LaneName, r: number, ink: Ink): Stamp {
  if (pen.hatched) return (x, y) => drawInk(pen, lane, x, y, r, ink)
  const scale = window.devicePixelRatio
  const half = Math.ceil((r * 1.25 + ink.lineWidth + 1) * scale)
  const key = `${lane} ${r} ${scale} ${ink.fill} ${ink.line} ${ink.lineWidth}`
  const known = stamps.get(key) ?? cut(lane, r, half, scale, ink)
  if (stamps.size > MOST) stamps.clear()
  stamps.set(key, known)
  const size = (2 * half) / scale
  // The stamp begins at a whole device pixel, so that the browser need not smooth it.
  return (x, y) =>
    pen.drawImage(known, (Math.round(x * scale) - half) / scale, (Math.round(y * scale) - half) / scale, size, size)
}

function cut(lane: LaneName, r: number, half: number, scale: number, ink: Ink): ImageBitmap {
  const canvas = new OffscreenCanvas(2 * half, 2 * half)
  const pen = canvas.getContext('2d')
  // The browser copies a bitmap directly. With a canvas, the browser would check before each copy whether the canvas
  // has changed.
  if (!pen) return canvas.transferToImageBitmap()
  pen.scale(scale, scale)
  drawInk(pen, lane, half / scale, half / scale, r, ink)
  return canvas.transferToImageBitmap()
}

function drawInk(
  pen: Parameters<typeof addShape>[0] &
    Pick<Pen, 'beginPath' | 'fill' | 'stroke' | 'fillStyle' | 'strokeStyle' | 'lineWidth'>,
  lane: LaneName,
  x: number,
  y: number,
  r: number,
  { fill, line, lineWidth }: Ink,
): void {
  pen.beginPath()
  addShape(pen, lane, x, y, r)
  pen.fillStyle = fill
  pen.fill()
  if (line === null) return
  pen.lineWidth = lineWidth
  pen.strokeStyle = line
  pen.stroke()
}
