/** Pictures of the delays, as SVG. The horizontal or vertical axis of the delays is logarithmic. */
import type { TimeTexts } from './scenarios/scenario.ts'
import type { Summary } from './summary.ts'
import { escaped, msText } from './words.ts'

const WIDTH = 900
const LEFT = 56
const RIGHT = 24
const TOP = 10
const BOTTOM = 34

/** Class of the colour and the dashes of each transport, by its place in the result. */
export const seriesOf = (i: number): string => `s${i % 6}`

interface Axis {
  readonly ticks: readonly number[]
  /** Place of a delay, from 0 to 1. */
  at(ms: number): number
}

/** Smallest delay that is drawn, because a logarithm has no 0. */
const LEAST_MS = 0.01

/** Axis over all delays, in whole decades. */
function delayAxis(results: readonly Pick<Summary, 'distribution'>[]): Axis {
  const all = results.flatMap(({ distribution }) => distribution).filter((ms) => ms > 0)
  const low = Math.floor(
    Math.log10(
      Math.max(
        LEAST_MS,
        all.reduce((a, b) => Math.min(a, b), 1000),
      ),
    ),
  )
  const high = Math.max(low + 1, Math.ceil(Math.log10(all.reduce((a, b) => Math.max(a, b), LEAST_MS))))
  const decades = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i))
  const ticks =
    high - low > 3 ? decades : decades.flatMap((ms) => [ms, 2 * ms, 5 * ms]).filter((ms) => ms <= 10 ** high)
  return {
    ticks,
    at: (ms) => (Math.log10(Math.min(10 ** high, Math.max(10 ** low, ms))) - low) / (high - low),
  }
}

/** Share of the deliveries that have arrived within each delay, with a line for each transport. */
export function distributionChart(results: readonly Pick<Summary, 'distribution'>[]): string {
  const height = 300
  const axis = delayAxis(results)
  const x = (ms: number): number => LEFT + axis.at(ms) * (WIDTH - LEFT - RIGHT)
  const y = (share: number): number => height - BOTTOM - share * (height - TOP - BOTTOM)
  const lines = results.map(({ distribution }, i) => {
    const points = distribution.map(
      (ms, step) => `${x(ms).toFixed(1)},${y(step / (distribution.length - 1)).toFixed(1)}`,
    )
    return `<polyline class="${seriesOf(i)}" points="${points.join(' ')}"/>`
  })
  const vertical = axis.ticks.map(
    (ms) =>
      `<line x1="${x(ms)}" x2="${x(ms)}" y1="${TOP}" y2="${y(0)}"/><text x="${x(ms)}" y="${y(0) + 16}" text-anchor="middle">${tickText(ms)}</text>`,
  )
  const horizontal = [0, 0.25, 0.5, 0.75, 0.95, 1].map((share) => shareLine(y(share), `${share * 100} %`))
  return svg(
    height,
    'Share of the deliveries that arrive within a delay',
    `<g class="grid">${vertical.join('')}${horizontal.join('')}</g>${lines.join('')}`,
  )
}

/** Median delay of each message over the seconds of a repetition, with a point for each message. */
export function timeChart(
  result: Pick<Summary, 'transport' | 'overTime'>,
  i: number,
  all: readonly Pick<Summary, 'distribution'>[],
  texts: TimeTexts,
): string {
  const height = 150
  const axis = delayAxis(all)
  const seconds = result.overTime.reduce((most, [s]) => Math.max(most, s), 0.001)
  const x = (s: number): number => LEFT + (s / seconds) * (WIDTH - LEFT - RIGHT)
  const y = (ms: number): number => height - BOTTOM - axis.at(ms) * (height - TOP - BOTTOM)
  const points = result.overTime.map(
    ([s, ms]) => `<circle class="${seriesOf(i)}" cx="${x(s).toFixed(1)}" cy="${y(ms).toFixed(1)}" r="2"/>`,
  )
  const decades = axis.ticks.filter((ms) => Number.isInteger(Math.log10(ms)))
  const lines = decades.map((ms) => shareLine(y(ms), tickText(ms)))
  const ends = `<text x="${LEFT}" y="${height - 16}">0 s${texts.start}</text><text x="${WIDTH - RIGHT}" y="${height - 16}" text-anchor="end">${msText(seconds)} s${texts.end}</text>`
  const events = texts.events
    .filter(({ atS }) => atS <= seconds)
    .map(
      ({ atS, text }) =>
        `<line class="event" x1="${x(atS)}" x2="${x(atS)}" y1="${TOP}" y2="${height - BOTTOM}"/><text x="${x(atS) + 5}" y="${height - 16}">${escaped(text)}</text>`,
    )
  return svg(
    height,
    `Delay of each message over ${escaped(result.transport)}`,
    `<g class="grid">${lines.join('')}${ends}${events.join('')}</g>${points.join('')}`,
  )
}

const shareLine = (y: number, text: string): string =>
  `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/><text x="${LEFT - 6}" y="${y + 4}" text-anchor="end">${text}</text>`

const tickText = (ms: number): string => (ms >= 1000 ? `${ms / 1000} s` : `${Number(ms.toPrecision(2))} ms`)

const svg = (height: number, label: string, content: string): string =>
  `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">${content}</svg>`
