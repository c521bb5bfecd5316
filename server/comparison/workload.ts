/** Checks the workload of a comparison against bounds at which the machine stays usable for the class. */
import Type from 'typebox'
import { FeedError, quote } from '../http/errors.ts'
import type { ComparisonLimits, MeasuredWorkload } from '../protocol/comparison.ts'

/**
 * At the limits, a class hardly notices the comparison: on two cores that other programs used too, p99 of short polls
 * to this server rose from 17 to 20 ms (n 570).
 */
export const COMPARISON_LIMITS: ComparisonLimits = {
  clients: { from: 1, to: 1000 },
  rate: { from: 0.5, to: 50 },
  size: { from: 30, to: 4000 },
  interval: { from: 0.1, to: 5 },
  wait: { from: 1, to: 30 },
  rtt: { from: 0, to: 1000 },
  seconds: { from: 0.5, to: 20 },
  repeat: { from: 1, to: 5 },
  deliveriesPerSecond: 2000,
  pollsPerSecond: 1000,
  bytesPerSecond: 4_000_000,
}

type Figure = keyof MeasuredWorkload

interface FigureRule {
  readonly isWhole: boolean
  /** Text of the interface description. */
  readonly means: string
  /** Value if the figure is omitted; undefined if it must be given. */
  readonly usual?: number
}

const RULES: Readonly<Record<Figure, FigureRule>> = {
  clients: { isWhole: true, means: 'clients that receive all messages' },
  rate: { isWhole: false, means: 'messages a second' },
  size: { isWhole: true, means: 'bytes of the text of a message' },
  interval: { isWhole: false, means: 'seconds between two short polls' },
  wait: { isWhole: false, means: 'seconds for which a long poll may be held' },
  rtt: { isWhole: false, means: 'milliseconds that the network adds to a round trip', usual: 0 },
  seconds: { isWhole: false, means: 'seconds for each transport and repetition', usual: 5 },
  repeat: { isWhole: true, means: 'repetitions, in which the transports take turns', usual: 3 },
}

const FIGURES = Object.keys(RULES) as Figure[]

/** Schema of the request body for the interface description. `readMeasuredWorkload` checks the body. */
export const WorkloadBody = Type.Object(
  Object.fromEntries(
    FIGURES.map((name) => {
      const figure = Type.Number({ description: allowed(name) })
      return [name, RULES[name].usual === undefined ? figure : Type.Optional(figure)]
    }),
  ),
)

/** Returns the workload in a request body. Throws `bad-workload` (400) if a figure is missing, wrong or too great. */
export function readMeasuredWorkload(body: unknown): MeasuredWorkload {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new FeedError('bad-workload', `The workload is ${quote(body)}, which is not a JSON object.`)
  const given = new Map<string, unknown>(Object.entries(body))
  const unknown = [...given.keys()].find((name) => !FIGURES.includes(name as Figure))
  if (unknown !== undefined)
    throw new FeedError(
      'bad-workload',
      `${quote(unknown)} is no figure of a workload.`,
      `The figures are ${FIGURES.join(', ')}.`,
    )
  const workload = Object.fromEntries(
    FIGURES.map((name) => [name, figureOf(name, given.get(name))]),
  ) as unknown as MeasuredWorkload
  checkProducts(workload)
  return workload
}

function figureOf(name: Figure, value: unknown): number {
  const { isWhole, usual } = RULES[name]
  const { from, to } = COMPARISON_LIMITS[name]
  if (value === undefined && usual !== undefined) return usual
  const what = value === undefined ? `${name} is missing.` : `${name} is ${quote(value)}.`
  if (typeof value !== 'number' || !(value >= from && value <= to) || (isWhole && !Number.isInteger(value)))
    throw new FeedError('bad-workload', what, `Give ${name} as ${allowed(name)}.`)
  return value
}

/** Describes the allowed values of a figure. */
function allowed(name: Figure): string {
  const { isWhole, means, usual } = RULES[name]
  const { from, to } = COMPARISON_LIMITS[name]
  const text = `a ${isWhole ? 'whole ' : ''}number from ${from} to ${to}: ${means}`
  return usual === undefined ? text : `${text}. If omitted: ${usual}`
}

/** A page computes the greatest number of clients by a division, which rounds. */
const ROUNDING = 1 + 1e-9

function checkProducts({ clients, rate, size, interval, seconds }: MeasuredWorkload): void {
  const { deliveriesPerSecond, pollsPerSecond, bytesPerSecond } = COMPARISON_LIMITS
  const products = [
    { is: clients * rate, to: deliveriesPerSecond, what: 'deliveries a second', by: 'clients or rate' },
    { is: clients / interval, to: pollsPerSecond, what: 'short polls a second', by: 'clients, or increase interval' },
    { is: clients * rate * size, to: bytesPerSecond, what: 'bytes of text a second', by: 'clients, rate or size' },
  ]
  for (const { is, to, what, by } of products)
    if (is > to * ROUNDING)
      throw new FeedError(
        'bad-workload',
        `The workload has ${Math.round(is)} ${what}, and at most ${to} are allowed.`,
        `Reduce ${by}.`,
      )
  if (rate * seconds < 1)
    throw new FeedError(
      'bad-workload',
      `With the rate ${rate} and ${seconds} seconds, no message would be sent.`,
      'Increase rate or seconds.',
    )
}
