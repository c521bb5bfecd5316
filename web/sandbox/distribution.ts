/**
 * Draws the distribution of a lane's delays on a logarithmic axis, with the expected range below the axis. All lanes
 * have the same axis.
 */
import type { Expectation } from '../measure/model.ts'
import type { Latencies } from '../measure/latency.ts'
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Sheet } from '../drawing/canvas.ts'
import type { Colours } from '../drawing/colours.ts'

/**
 * Lower end of the axis as a power of ten; the axis goes from 0.1 ms to 10 s. Each bin of the histogram is a sixth of a
 * decade.
 */
const LOW = -1
const HIGH = 4
const BINS = 30
/** Height of the space below the axis, in which the expected range is drawn. */
const FOOT_PX = 9.5

/** Draws the distribution. `latencies` is null if the lane is off, or if the page does not know the server's clock. */
export function drawDistribution(
  sheet: Sheet,
  colours: Colours,
  transport: TransportName,
  latencies: Latencies | null,
  expectation: Expectation | null,
): void {
  const { pen, width, height } = sheet
  const base = height - FOOT_PX
  const x = (ms: number): number => Math.min(1, Math.max(0, (Math.log10(ms) - LOW) / (HIGH - LOW))) * width
  grid(sheet, colours, base)
  if (latencies && latencies.n > 0) bars(sheet, colours.lanes[transport], latencies.histogram(LOW, HIGH, BINS), base)
  if (!expectation) return
  const { fromMs, toMs, p50Ms } = expectation
  pen.fillStyle = colours.ink
  pen.fillRect(x(fromMs), base + 3.5, Math.max(2, x(toMs) - x(fromMs)), 1.5)
  pen.fillRect(x(p50Ms) - 1, base + 0.5, 2, 8)
}

function grid({ pen, width }: Sheet, colours: Colours, base: number): void {
  pen.lineWidth = 1
  pen.strokeStyle = colours.line
  pen.beginPath()
  for (let decade = LOW; decade <= HIGH; decade++) {
    const x = Math.min(width - 0.5, Math.round(((decade - LOW) / (HIGH - LOW)) * width) + 0.5)
    pen.moveTo(x, 0)
    pen.lineTo(x, base)
  }
  pen.stroke()
  pen.strokeStyle = colours.edge
  pen.beginPath()
  pen.moveTo(0, base)
  pen.lineTo(width, base)
  pen.stroke()
}

function bars({ pen, width }: Sheet, colour: string, counts: Uint32Array, base: number): void {
  const most = Math.max(...counts)
  const across = width / counts.length
  pen.fillStyle = colour
  for (const [i, count] of counts.entries()) {
    if (count === 0) continue
    const height = Math.max(1.5, (count / most) * (base - 3))
    pen.fillRect(i * across, base - height, across - 1, height)
  }
}
