/** Computes the figure of a scene from what was measured, and the answer that it makes right. */
import type { TransportName } from '../protocol/feed.ts'
import type { LaneFigures, SceneOutcome, Scene, SeatReport } from '../protocol/show.ts'

/** Two lanes tie if their figures differ by less than a tenth. Delays also tie if they differ by less than 2 ms. */
const TIE_SHARE = 0.1
const TIE_MS = 2

/**
 * Returns the outcome of a scene; null if the scene has no figure, or if its figure was not measured. `lanes`: figures of
 * the stage. `reports`: the reports of all seats that reported while the scene ran.
 */
export function outcomeOf(
  { figure, view, answers }: Pick<Scene, 'figure' | 'view' | 'answers'>,
  stage: readonly LaneFigures[],
  reports: readonly SeatReport[],
): SceneOutcome | null {
  if (figure === null) return null
  const lanes = view === 'room' ? classFigures(reports) : stage
  switch (figure.of) {
    case 'delay':
      return nearest(lanes.find(({ lane }) => lane === figure.lane)?.p50Ms)
    case 'bytes':
      return nearest(lanes.find(({ lane }) => lane === figure.lane)?.bytesPerMessage)
    case 'classDelay':
      return nearest(classFigures(reports).find(({ lane }) => lane === figure.lane)?.p50Ms)
    case 'worstQuarter':
      return nearest(quantile(delaysOf(reports), 0.75))
    case 'lost':
      return lanes.length === 0 ? null : nearest(lanes.reduce((sum, { lost }) => sum + lost, 0))
    case 'earliest':
      return least(lanes, ({ p50Ms }) => p50Ms, TIE_MS)
    case 'cheapest':
      return least(lanes, ({ bytesPerMessage }) => bytesPerMessage, 0)
    case 'stopped':
      return stopped(lanes)
  }

  function nearest(value: number | null | undefined): SceneOutcome | null {
    if (value === null || value === undefined) return null
    const distances = answers.map((answer) => Math.abs((answer.value ?? Infinity) - value))
    const shortest = Math.min(...distances)
    const isEqual = distances.filter((distance) => distance === shortest).length > 1
    return { value, right: isEqual || shortest === Infinity ? null : distances.indexOf(shortest), tie: [] }
  }

  function least(
    lanes: readonly LaneFigures[],
    of: (lane: LaneFigures) => number | null,
    tieBelow: number,
  ): SceneOutcome | null {
    const measured = lanes
      .flatMap((lane) => ({ lane: lane.lane, value: of(lane) ?? Infinity }))
      .filter(({ value }) => value < Infinity)
      .toSorted((a, b) => a.value - b.value)
    const [first] = measured
    // With only one measured lane, nothing was compared.
    if (first === undefined || measured.length < 2) return null
    const limit = first.value + Math.max(tieBelow, first.value * TIE_SHARE)
    return named(measured.filter(({ value }) => value < limit || value === first.value).map(({ lane }) => lane))
  }

  function stopped(lanes: readonly LaneFigures[]): SceneOutcome | null {
    if (!lanes.some(({ n }) => n > 0)) return null
    return named(lanes.filter(({ n }) => n === 0).map(({ lane }) => lane))
  }

  /** Returns the outcome of a figure that names one lane. An answer without a lane means "none of the others". */
  function named(lanes: readonly TransportName[]): SceneOutcome {
    const [lane] = lanes
    const value = lane !== undefined && lanes.length === 1 ? lane : null
    const exact = answers.findIndex((answer) => value !== null && answer.lane === value)
    const right = exact >= 0 ? exact : answers.findIndex((answer) => answer.lane === undefined)
    return { value, right: right < 0 ? null : right, tie: lanes.length > 1 ? lanes : [] }
  }
}

/** Returns for each transport the median of the seats' typical delays, as the figures of a lane. */
function classFigures(reports: readonly SeatReport[]): readonly LaneFigures[] {
  const transports = [...new Set(reports.map(({ transport }) => transport))]
  return transports.map((lane) => {
    const own = reports.filter(({ transport }) => transport === lane)
    const sum = (of: (report: SeatReport) => number): number => own.reduce((total, report) => total + of(report), 0)
    return {
      lane,
      p50Ms: quantile(delaysOf(own), 0.5),
      n: sum(({ n }) => n),
      bytesPerMessage: null,
      lost: sum(({ lost }) => lost),
      doubled: sum(({ doubled }) => doubled),
    }
  })
}

const delaysOf = (reports: readonly SeatReport[]): number[] => reports.flatMap(({ p50Ms }) => p50Ms ?? [])

/** Returns the quantile by the nearest rank; null if there are no values. */
function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null
}
