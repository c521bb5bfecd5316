/**
 * Draws the time axis below the strips. Each label of the axis is an age. If the reader wants no motion, each label is
 * a clock time, because clock times do not move.
 */
import type { Colours } from '../drawing/colours.ts'
import { xAt } from './time.ts'
import { textWidth } from '../drawing/canvas.ts'
import type { Span } from './geometry.ts'
import { FOLD_PX, pieces } from './time.ts'
import type { Pen } from '../drawing/pen.ts'

/** Zero of the axis labels: the present, the moment at which the page was paused, or zero of the clock. */
export interface AxisOrigin {
  readonly atMs: number
  readonly label: 'now' | 'paused' | 'clock'
}

const CLOSEST_PX = 64
/**
 * Free space on each side of a fold's label. A tick's label is centred on the tick, so half of it reaches into this
 * space.
 */
const LABEL_SPACE_PX = 20

export function drawAxis(pen: Pen, colours: Colours, span: Span, origin: AxisOrigin, top: number, size: number): void {
  const stepMs = stepFor(span.pxPerMs)
  const clock = origin.label === 'clock'
  const zeroMs = clock ? 0 : origin.atMs
  pen.font = `${size}px ${colours.font}`
  pen.fillStyle = colours.ink2
  pen.strokeStyle = colours.edge
  pen.lineWidth = 1
  pen.textAlign = 'center'
  pen.textBaseline = 'middle'
  pen.beginPath()
  pen.moveTo(0, top + 0.5)
  pen.lineTo(span.width, top + 0.5)
  const crossed = foldLabels(pen, colours, span, size)
  const isCrossed = (x: number): boolean => crossed.some(({ left, right }) => x > left && x < right)
  for (const [fromMs, toMs] of pieces(span)) {
    for (let i = Math.ceil((fromMs - zeroMs) / stepMs); zeroMs + i * stepMs <= toMs; i++) {
      const x = xAt(span, zeroMs + i * stepMs)
      pen.moveTo(Math.round(x) - 0.5, top)
      pen.lineTo(Math.round(x) - 0.5, top + 4)
      if (x > 18 && !isCrossed(x))
        pen.fillText(
          clock ? clockTime(i * stepMs) : i === 0 ? origin.label : ageOf(i * stepMs, stepMs),
          x,
          top + size * 0.85,
        )
    }
  }
  pen.stroke()
}

/** Draws each fold as an empty space through all strips. The label below the space says how long the quiet time was. */
export function drawFolds(pen: Pen, colours: Colours, span: Span, top: number, bottom: number, size: number): void {
  for (const { text, x, left } of foldLabels(pen, colours, span, size)) {
    pen.fillStyle = colours.paper
    pen.fillRect(x, top, FOLD_PX, bottom - top)
    pen.strokeStyle = colours.edge
    pen.lineWidth = 1
    pen.setLineDash([1, 3])
    pen.beginPath()
    for (const side of [Math.round(x) + 0.5, Math.round(x + FOLD_PX) - 0.5]) {
      pen.moveTo(side, top)
      pen.lineTo(side, bottom)
    }
    pen.stroke()
    pen.setLineDash([])
    pen.fillStyle = colours.ink2
    pen.textAlign = 'left'
    pen.textBaseline = 'middle'
    pen.fillText(text, left + LABEL_SPACE_PX, bottom + size * 0.85)
  }
}

interface FoldLabel {
  readonly text: string
  /** `x`: left edge of the fold. The other two members are the edges of the fold's label. */
  readonly x: number
  readonly left: number
  readonly right: number
}

function foldLabels(pen: Pen, colours: Colours, span: Span, size: number): readonly FoldLabel[] {
  return span.folds.flatMap(({ fromMs, quietMs }) => {
    const x = xAt(span, fromMs)
    if (x + FOLD_PX < 0 || x > span.width) return []
    const text = `nothing for ${quiet(quietMs)}`
    const half = textWidth(pen, `${size}px ${colours.font}`, text) / 2 + LABEL_SPACE_PX
    const middle = Math.max(half - LABEL_SPACE_PX, Math.min(x + FOLD_PX / 2, span.width - half))
    return [{ text, x, left: middle - half, right: middle + half }]
  })
}

function quiet(ms: number): string {
  return ms < 600_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`
}

/** Returns the smallest step that keeps the labels apart: 1, 2 or 5 times a power of ten. */
function stepFor(pxPerMs: number): number {
  const leastMs = CLOSEST_PX / pxPerMs
  const decade = 10 ** Math.floor(Math.log10(leastMs))
  return [1, 2, 5, 10].map((factor) => factor * decade).find((ms) => ms >= leastMs) ?? 10 * decade
}

function ageOf(ms: number, stepMs: number): string {
  const [figure, unit] =
    stepMs < 100 ? [ms.toFixed(stepMs < 1 ? 1 : 0), 'ms'] : [(ms / 1000).toFixed(stepMs < 1000 ? 1 : 0), 's']
  return `${figure.replace('-', '−')} ${unit}`
}

function clockTime(ms: number): string {
  return new Date(ms).toTimeString().slice(3, 8)
}
