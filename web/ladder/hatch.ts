import type { Pen } from '../drawing/pen.ts'

const patterns = new Map<string, CanvasPattern>()
const STEP = 4

/** Returns a pattern of thin slanted lines in one colour. */
export function hatch(pen: Pen, colour: string): CanvasPattern | string {
  if (pen.hatched) return pen.hatched(colour)
  const known = patterns.get(colour)
  if (known) return known
  const tile = document.createElement('canvas')
  tile.width = tile.height = STEP * 4
  const ruler = tile.getContext('2d')
  if (!ruler) return colour
  ruler.strokeStyle = colour
  ruler.beginPath()
  for (let x = -STEP * 4; x < STEP * 8; x += STEP) {
    ruler.moveTo(x, STEP * 4)
    ruler.lineTo(x + STEP * 4, 0)
  }
  ruler.stroke()
  const pattern = pen.createPattern(tile, 'repeat')
  if (!pattern) return colour
  patterns.set(colour, pattern)
  return pattern
}
