/** One sentence for the whole page: which lane is earliest, why another one is later, and what a message costs. */
import { bytes, milliseconds, short } from '../page/format.ts'
import type { Quantile } from '../measure/latency.ts'
import type { Hour } from '../lab/cost.ts'

export interface ComparedLane {
  /** Name in the middle of a sentence: `short polling`. */
  readonly name: string
  /** Median of the delays; null if nothing is known. */
  readonly median: Quantile | null
  /** True if there are enough responses for the median. */
  readonly isEnough: boolean
  readonly bytesPerMessage: number | null
  /** What is wrong with the lane, as in "WebSocket is refused"; null if nothing is. */
  readonly trouble: string | null
  /** What an hour of this costs one reader, requests and bytes; null while the figures are too young. */
  readonly hour: Hour | null
  /** Returns why the lane is this much later than the earliest one; null if no cause would explain as much. */
  reasonFor(laterMs: number): string | null
}

interface Known extends ComparedLane {
  readonly median: Quantile & { readonly lowMs: number; readonly highMs: number }
}

/**
 * Compares the lanes by the 95 % confidence intervals of their medians. All delays contain the same error of the clock,
 * so it does not matter here. A lane in trouble is named, and compared only if it has enough responses. `isSilent`: the metronome publishes nothing, so
 * without responses the lanes are compared by what the silence costs.
 */
export function verdictOf(lanes: readonly ComparedLane[], isSilent = false): string {
  const troubles = lanes.flatMap(({ name, trouble }) => (trouble === null ? [] : [`${upper(name)} is ${trouble}.`]))
  const known = lanes.filter(isKnown).toSorted((one, other) => one.median.ms - other.median.ms)
  const [earliest] = known
  const isWaiting = lanes.some((lane) => lane.trouble === null && !isKnown(lane))
  if (lanes.length < 2) return 'Switch on a second lane to compare two.'
  if (!earliest || known.length < 2 || isWaiting)
    return [
      ...troubles,
      isSilent ? whatSilenceCosts(lanes) : 'The lanes are compared when each has 20 responses.',
    ].join(' ')
  const close = known.filter(({ median }) => median.lowMs <= earliest.median.highMs)
  return [whoIsEarliest(close, known), whoIsLate(close, known), ...troubles, whatItCosts(known)]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

function whoIsEarliest(close: readonly Known[], known: readonly Known[]): string {
  const names = close.map(({ name }) => name)
  if (close.length === known.length) return `${upper(list(names))} are too close to tell apart.`
  if (close.length > 1) return `${upper(list(names))} are earliest, too close to tell apart.`
  const [first, second] = known
  const leadMs = first && second && known.length > 2 ? second.median.ms - first.median.ms : null
  return `${upper(list(names))} is earliest${leadMs === null ? '' : `, by ${span(leadMs)}`}.`
}

function whoIsLate(close: readonly Known[], known: readonly Known[]): string {
  const [earliest, latest] = [known[0], known.at(-1)]
  if (!earliest || !latest || close.includes(latest)) return ''
  const laterMs = latest.median.ms - earliest.median.ms
  const reason = latest.reasonFor(laterMs)
  return `${upper(latest.name)} is ${span(laterMs)} later${reason === null ? '' : `: ${reason}`}.`
}

function whatItCosts(known: readonly Known[]): string {
  const costs = known
    .flatMap(({ name, bytesPerMessage }) => (bytesPerMessage === null ? [] : [{ name, each: bytesPerMessage }]))
    .toSorted((one, other) => one.each - other.each)
  const [least, most] = [costs[0], costs.at(-1)]
  if (!least || !most || least === most) return ''
  return `A message costs ${bytes(least.each)} (${least.name}) to ${bytes(most.each)} (${most.name}).`
}

function whatSilenceCosts(lanes: readonly ComparedLane[]): string {
  const silence = 'Nothing is published (0 messages/s), so there is no delay to compare.'
  const hours = lanes
    .flatMap(({ name, hour }) => (hour === null ? [] : [{ name, ...hour }]))
    .toSorted((one, other) => one.bytes - other.bytes)
  const [least, most] = [hours[0], hours.at(-1)]
  if (!least || !most || hours.length < lanes.length)
    return `${silence} After half a minute, this sentence says what silence costs.`
  const cost = ({ name, requests, bytes: sum }: typeof least): string =>
    `${bytes(sum)} in ${short(requests).trim()} ${requests < 1.5 ? 'request' : 'requests'} (${name})`
  return `${silence} An hour of silence costs each reader ${cost(least)} to ${cost(most)}.`
}

function isKnown(lane: ComparedLane): lane is Known {
  const { median, isEnough } = lane
  return isEnough && median !== null && median.lowMs !== null && median.highMs !== null
}

const span = (ms: number): string => (ms < 10_000 ? `${milliseconds(ms)} ms` : milliseconds(ms))

const upper = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

function list(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
