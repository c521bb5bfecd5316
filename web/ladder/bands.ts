/**
 * Draws the times in which the network had conditions: a band under all strips, a hatched ribbon above the strips, and
 * the band's name.
 */
import { textWidth } from '../drawing/canvas.ts'
import type { Colours } from '../drawing/colours.ts'
import { xAt } from './time.ts'
import type { Span } from './geometry.ts'
import { hatch } from './hatch.ts'
import type { Pen } from '../drawing/pen.ts'

export const RIBBON_PX = 5
/** If a band is narrower than this, the ladder draws no name for it. */
const LEAST_PX = 24

interface Stretch {
  readonly name: string
  readonly left: number
  readonly right: number
  /** Edges of the band that are visible: its beginning, and its end if the band has ended. */
  readonly edges: readonly number[]
}

export function drawBands(pen: Pen, colours: Colours, span: Span, top: number, bottom: number): void {
  for (const { left, right } of stretches(span)) {
    pen.fillStyle = colours.fill
    pen.fillRect(left, top, right - left, bottom - top)
    pen.fillStyle = hatch(pen, colours.edge)
    pen.fillRect(left, top - RIBBON_PX, right - left, RIBBON_PX)
  }
}

/** Draws the edges and names of the bands over the strips. `y` is the base line of the text. */
export function drawBandNames(
  pen: Pen,
  colours: Colours,
  span: Span,
  top: number,
  bottom: number,
  y: number,
  size: number,
): void {
  pen.strokeStyle = colours.ink
  pen.lineWidth = 1
  pen.setLineDash([3, 3])
  pen.beginPath()
  const shown = stretches(span)
  for (const x of shown.flatMap(({ edges }) => edges)) {
    pen.moveTo(Math.round(x) + 0.5, top - RIBBON_PX)
    pen.lineTo(Math.round(x) + 0.5, bottom)
  }
  pen.stroke()
  pen.setLineDash([])
  pen.fillStyle = colours.ink
  pen.textAlign = 'left'
  pen.textBaseline = 'alphabetic'
  const font = `600 ${size}px ${colours.font}`
  let freeFrom = 0
  for (const { name, left, right } of shown) {
    const x = Math.max(left, freeFrom)
    if (right - x < LEAST_PX) continue
    const width = textWidth(pen, font, name)
    pen.save()
    pen.beginPath()
    // While a new band is too narrow for its name, the name begins to the left of the band.
    const from = Math.max(freeFrom, Math.min(x, span.width - width))
    pen.rect(from, y - size, span.width - from, size * 1.5)
    pen.clip()
    pen.fillText(name, from, y)
    pen.restore()
    freeFrom = from + width + 10
  }
}

/** Returns the background colour at the position `x`. */
export function groundAt(colours: Colours, span: Span, x: number): string {
  return stretches(span).some(({ left, right }) => x >= left && x <= right) ? colours.fill : colours.paper
}

function stretches(span: Span): readonly Stretch[] {
  return span.bands.flatMap(({ fromMs, toMs, name }) => {
    const from = xAt(span, fromMs)
    const to = xAt(span, toMs ?? Infinity)
    const left = Math.max(0, from)
    const right = Math.min(span.width, to, xAt(span, span.nowMs))
    if (right <= left) return []
    return [{ name, left, right, edges: [from, to].filter((x) => x > 0 && x < span.width) }]
  })
}
