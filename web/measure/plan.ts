/**
 * Plans a measurement in the browser: how long it takes until there are enough messages for a verdict, and what it
 * measures instead if that would take too long.
 */
import { ANSWERS } from './agreement.ts'
import type { Model, ModelInputs } from './model.ts'
import type { Workload } from './workload.ts'

export interface MeasurementPlan {
  readonly ratePerSecond: number
  /** Pause between two short polls. */
  readonly intervalMs: number
  /** Share of the run, at its end, in which no message is published. */
  readonly idleShare: number
  /** After this time, nearly every run has enough responses on each lane for a median. */
  readonly seconds: number
  /** Sentences, one for each figure of the workload that the measurement changes. */
  readonly changes: readonly string[]
  /** True if the measurement publishes more or fewer messages than the workload has. */
  readonly isAtOtherRate: boolean
}

/** Longest measurement that a person is asked to wait for. */
const LONGEST_S = 180
/**
 * Greatest rate that the page measures. The server allows 20 messages a second per client, so random bursts stay below
 * that limit.
 */
const MOST_PER_SECOND = 10
/** Rate at which the page measures a workload whose messages are too rare. */
const INSTEAD_PER_SECOND = 1
/** Longest pause between two short polls that the page measures, and the pause that it measures instead. */
const LONGEST_PAUSE_MS = 5000
const INSTEAD_PAUSE_MS = 2000
/** Quantile of the normal distribution: 1 run of 200 has too few responses on a lane. */
const Z = 2.6
/** If clients write, every second message is published by POST, and the others over a WebSocket. */
const EACH_WAY: Pick<Model, 'responses'> = {
  responses: ({ ratePerSecond }) => ({ perSecond: ratePerSecond / 2, spread: 0.5 }),
}
/** A measurement lasts a multiple of this time. */
const STEP_S = 5

/** Plans the measurement of a workload over lanes with these models. `conditions` are those of the workload. */
export function planOf(
  { rate, idle, speaks }: Workload,
  conditions: ModelInputs,
  models: readonly Pick<Model, 'responses'>[],
): MeasurementPlan {
  const busySeconds = (ratePerSecond: number, intervalMs: number): number =>
    Math.max(
      ...(speaks ? [...models, EACH_WAY] : models).map((model) =>
        secondsFor(model, { ...conditions, ratePerSecond, intervalMs }),
      ),
    ) +
    // The last message waits for one more poll.
    intervalMs / 1000
  const { intervalMs: asked } = conditions
  const intervalMs = asked > LONGEST_PAUSE_MS ? INSTEAD_PAUSE_MS : asked
  const most = Math.min(MOST_PER_SECOND, rate)
  const isTooRare = busySeconds(most, intervalMs) > LONGEST_S
  const ratePerSecond = isTooRare ? Math.max(INSTEAD_PER_SECOND, most) : most
  const busyS = busySeconds(ratePerSecond, intervalMs)
  const mixedS = busyS / (1 - idle / 100)
  const idleShare = mixedS > LONGEST_S ? 0 : idle / 100
  const changes: string[] = []
  if (ratePerSecond > rate)
    changes.push(
      `At ${rateText(rate)}, ${ANSWERS} messages take about ${spanText(ANSWERS / rate)}, and a median needs ${ANSWERS}. So the page measures at ${rateText(ratePerSecond)}. The delay of a message and its bytes hardly depend on the rate. For your rate, all figures are the model’s: they are predicted, not measured.`,
    )
  if (ratePerSecond < rate)
    changes.push(
      `The measurement publishes ${rateText(ratePerSecond)}, because one page may not publish more. For your rate, all figures are the model’s.`,
    )
  if (intervalMs < asked)
    changes.push(
      `Short polls pause for ${spanText(intervalMs / 1000)} instead of ${spanText(asked / 1000)}, because ${ANSWERS} polls would take about ${spanText((ANSWERS * asked) / 1000)}.`,
    )
  if (idleShare < idle / 100)
    changes.push('The measurement leaves out the time without messages, because it would take too long.')
  return {
    ratePerSecond,
    intervalMs,
    idleShare,
    seconds: Math.ceil((idleShare === 0 ? busyS : mixedS) / STEP_S) * STEP_S,
    changes,
    isAtOtherRate: ratePerSecond !== rate,
  }
}

/**
 * Returns the time after which a lane nearly certainly has enough responses. The number of responses is about normally
 * distributed. The time is the smallest one whose mean, minus Z standard deviations, is still enough.
 */
function secondsFor(model: Pick<Model, 'responses'>, conditions: ModelInputs): number {
  const { perSecond, spread } = model.responses(conditions)
  const z = Z * Math.sqrt(spread)
  const mean = ((z + Math.sqrt(z * z + 4 * ANSWERS)) / 2) ** 2
  return mean / perSecond
}

export interface RateUnit {
  readonly name: string
  readonly seconds: number
}

const LAST_UNIT: RateUnit = { name: 'a day', seconds: 86_400 }

export const RATE_UNITS: readonly RateUnit[] = [
  { name: 'a second', seconds: 1 },
  { name: 'a minute', seconds: 60 },
  { name: 'an hour', seconds: 3600 },
  LAST_UNIT,
]

/** Returns the shortest unit in which a rate is at least a tenth. */
export const unitOf = (perSecond: number): RateUnit =>
  RATE_UNITS.find(({ seconds }) => perSecond * seconds > 0.095) ?? LAST_UNIT

/** Writes a rate with the unit in which it is about 1 or more. */
export function rateText(perSecond: number): string {
  const unit = RATE_UNITS.find(({ seconds }) => perSecond * seconds > 0.95) ?? LAST_UNIT
  const value = Number((perSecond * unit.seconds).toPrecision(3))
  return `${value.toLocaleString('en')} ${value === 1 ? 'message' : 'messages'} ${unit.name}`
}

/** Writes a time span with two digits. */
export function spanText(seconds: number): string {
  const [size, unit] =
    seconds < 100 ? [1, 's'] : seconds < 5400 ? [60, 'min'] : seconds < 172_800 ? [3600, 'hours'] : [86_400, 'days']
  return `${Number((seconds / size).toPrecision(2)).toLocaleString('en')} ${unit}`
}
