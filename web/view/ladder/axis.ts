/** The time axis below the strips: ages while it rolls, clock times where it stands still. */
import type { Colours } from '../colours.ts'
import { xAt } from './geometry.ts'
import type { Span } from './geometry.ts'

/** What the labels count from: this moment rolling, the moment of the pause, or nothing but the clock. */
export interface AxisOrigin {
  readonly atMs: number
  readonly label: 'now' | 'paused' | 'clock'
}

const CLOSEST_PX = 64

export function drawAxis(
  pen: CanvasRenderingContext2D,
  colours: Colours,
  span: Span,
  origin: AxisOrigin,
  top: number,
  size: number,
): void {
  const stepMs = stepFor(span.pxPerMs)
  const fromMs = span.endMs - span.width / span.pxPerMs
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
  for (let i = Math.ceil((fromMs - zeroMs) / stepMs); zeroMs + i * stepMs <= span.endMs; i++) {
    const x = xAt(span, zeroMs + i * stepMs)
    pen.moveTo(Math.round(x) - 0.5, top)
    pen.lineTo(Math.round(x) - 0.5, top + 4)
    if (x > 18)
      pen.fillText(
        clock ? clockTime(i * stepMs) : i === 0 ? origin.label : ageOf(i * stepMs, stepMs),
        x,
        top + size * 0.85,
      )
  }
  pen.stroke()
}

/** 1, 2 or 5 times a power of ten, so that the labels keep their distance. */
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
