/** Sentences about a comparison. */
import type {
  ComparisonBounds,
  ComparisonLimits,
  ComparisonState,
  MeasuredWorkload,
  RunningComparison,
} from '../../server/protocol/comparison.ts'

/** Seconds of one measurement beside the time that counts. */
const BESIDE_S = 3.5

export function durationText(repeat: number, seconds: number, transports: number): string {
  return `${repeat} × ${seconds} s, about ${Math.ceil((repeat * transports * (seconds + BESIDE_S)) / 60)} min in all`
}

export function limitsText({
  clients,
  rate,
  size,
  interval,
  deliveriesPerSecond,
  pollsPerSecond,
  bytesPerSecond,
}: ComparisonLimits): string {
  return `Limits: ${range(clients)} clients, ${range(rate)} messages a second, texts of ${range(size)} bytes, short polls every ${range(interval)} s; at most ${number(deliveriesPerSecond)} deliveries, ${number(pollsPerSecond)} short polls and ${number(bytesPerSecond / 1e6)} MB of text a second.`
}

export const workloadText = ({ clients, rate, size, interval, wait, rtt, seconds, repeat }: MeasuredWorkload): string =>
  `${number(clients)} ${clients === 1 ? 'client' : 'clients'}, ${number(rate)} ${rate === 1 ? 'message' : 'messages'} a second of ${number(size)} bytes, short polls every ${number(interval)} s, long polls held for up to ${number(wait)} s${rtt > 0 ? `, a round trip of ${number(rtt)} ms` : ''}; ${repeat} × ${number(seconds)} s for each transport.`

/** The text that a screen reader reads aloud when it changes, so it does not contain the time left. */
export function statusText({ running, last, failure, missing }: ComparisonState, seenAtMs: number | null): string {
  if (running) {
    const { progress, startedAtMs } = running
    const part = progress
      ? `repetition ${progress.repetition} of ${progress.repetitions}`
      : 'the program starts and tries each transport'
    return `A measurement is running, started at ${timeText(startedAtMs)}: ${part}. Its report will be here.`
  }
  if (failure) return `The measurement of ${timeText(failure.startedAtMs)} has no result. ${failure.why}`
  if (last && last.startedAtMs === seenAtMs) return 'The measurement has ended.'
  return last || missing !== null ? '' : 'There is no measurement yet.'
}

export function leftText({ progress, leftS }: RunningComparison, labelOf: (transport: string) => string): string {
  if (!progress) return `about ${spanText(leftS)} left`
  const { transport, done, total } = progress
  return `${labelOf(transport)}, ${done} of ${total} done, about ${spanText(leftS)} left`
}

/** Rounds up, because people prefer a measurement that ends sooner than announced. */
const spanText = (seconds: number): string =>
  seconds > 90 ? `${Math.ceil(seconds / 60)} min` : `${Math.max(5, Math.ceil(seconds / 5) * 5)} s`

/** Time of the day, by the clock and the time zone of the browser. If it is not today, with the date. */
export function timeText(ms: number): string {
  const at = new Date(ms)
  const time = at.toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  if (at.toDateString() === new Date().toDateString()) return time
  return `${time} on ${at.toLocaleDateString('en', { day: 'numeric', month: 'long' })}`
}

const range = ({ from, to }: ComparisonBounds): string => `${number(from)} to ${number(to)}`

const number = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 2 })
