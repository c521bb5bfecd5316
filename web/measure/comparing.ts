/** Prepares a workload for a comparison with many clients, and compares the result with the choice of the model. */
import type { TransportName } from '../../server/protocol/feed.ts'
import type {
  ComparisonLimits,
  Findings,
  MeasuredWorkload,
  TransportFindings,
} from '../../server/protocol/comparison.ts'
import { CLOSE, list } from './advice.ts'
import type { Advice } from './advice.ts'
import type { ModelInputs } from './model.ts'
import type { Workload } from './workload.ts'

/** Figures of a workload, without the duration of the measurement. */
export type ComparableWorkload = Omit<MeasuredWorkload, 'seconds' | 'repeat'>

export interface Measurable {
  readonly workload: ComparableWorkload
  /** Sentences, one for each part of the form that the measurement changes or leaves out. */
  readonly changes: readonly string[]
}

/** Returns the part of a workload that the server's limits allow. */
export function measurableOf(
  { clients, rate, bytes, latency, path, idle }: Workload,
  { intervalMs, waitS }: Pick<ModelInputs, 'intervalMs' | 'waitS'>,
  limits: ComparisonLimits,
): Measurable {
  const within = (name: keyof ComparableWorkload, value: number): number =>
    Math.min(limits[name].to, Math.max(limits[name].from, value))
  const measured = {
    rate: within('rate', rate),
    size: within('size', bytes),
    interval: within('interval', intervalMs / 1000),
    wait: within('wait', waitS),
    rtt: within('rtt', 2 * latency),
  }
  // With fewer clients, each client still does the same.
  const most = Math.min(
    limits.deliveriesPerSecond / measured.rate,
    limits.pollsPerSecond * measured.interval,
    limits.bytesPerSecond / (measured.rate * measured.size),
  )
  const workload = { clients: within('clients', Math.min(clients, Math.floor(most))), ...measured }
  const instead = [
    sentenceIf(workload.clients, clients, (is, was) => `The measurement has ${is} clients instead of ${was}.`),
    sentenceIf(workload.rate, rate, (is, was) => `It publishes ${is} messages a second instead of ${was}.`),
    sentenceIf(
      workload.size,
      bytes,
      (is, was) => `Its texts have ${is} bytes instead of ${was}, because each contains a mark.`,
    ),
    sentenceIf(
      workload.interval,
      intervalMs / 1000,
      (is, was) => `Its short polls pause for ${is} s instead of ${was} s.`,
    ),
    sentenceIf(
      workload.rtt,
      2 * latency,
      (is, was) => `Its network adds a round trip of ${is} ms instead of ${was} ms.`,
    ),
  ].flatMap((sentence) => sentence ?? [])
  const omitted = [
    ...(path === 'clear' ? [] : ['the obstacle on the network path']),
    ...(idle > 0 ? ['the time without messages'] : []),
  ]
  return {
    workload,
    changes: omitted.length === 0 ? instead : [...instead, `It leaves out ${list(omitted)}.`],
  }
}

/** Messages of all repetitions from which a verdict is likely. A median needs 20, and they come at random moments. */
const MESSAGES = 30

/** Returns the shortest of the lengths in which enough messages come; the longest one if none is enough. */
export function enoughSeconds(rate: number, repeat: number, lengths: readonly number[]): number {
  return lengths.find((seconds) => rate * repeat * seconds >= MESSAGES) ?? Math.max(...lengths)
}

/**
 * Returns true if two workloads are the same. The pause of short polls follows from the round trip to this page, which
 * changes a little all the time, and sometimes the number of clients follows from the pause.
 */
export function isNearly(one: ComparableWorkload, other: ComparableWorkload): boolean {
  const isNear = (name: keyof ComparableWorkload): boolean => Math.abs(one[name] / other[name] - 1) <= NEAR
  return (
    isNear('clients') &&
    isNear('interval') &&
    one.rate === other.rate &&
    one.size === other.size &&
    one.rtt === other.rtt
  )
}

const NEAR = 0.05

const sentenceIf = (is: number, was: number, sentence: (is: string, was: string) => string): string | null =>
  is === was ? null : sentence(numberText(is), numberText(was))

const numberText = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 4 })

export interface ChoiceAgreement {
  /** True if the model and the measurement choose the same transport; null if that cannot be told. */
  readonly agrees: boolean | null
  readonly sentence: string
  /** Sentences that explain a difference. */
  readonly reasons: readonly string[]
}

export interface Compared {
  /** Advice for the workload that was measured. */
  readonly advice: Pick<Advice, 'transport' | 'close'>
  /** Choice of the model for the form; null if no transport can do the task. */
  readonly choiceForForm: TransportName | null
  readonly findings: Findings
  /** Greatest age of 19 of 20 messages, in seconds. */
  readonly ageS: number
}

/** Compares the verdict of a measurement with the choice of the model. `labelOf` returns the name that people read. */
export function choiceAgreement(
  { advice, choiceForForm, findings, ageS }: Compared,
  labelOf: (transport: string) => string,
): ChoiceAgreement {
  const choice = advice.transport
  if (choice === null)
    return {
      agrees: null,
      sentence: 'The model finds no transport that is fast enough, so there is no choice to compare.',
      reasons: [],
    }
  const recommended = `the model recommends ${labelOf(choice)}`
  const form =
    choiceForForm === null || choiceForForm === choice
      ? []
      : [
          `For the whole form, the model recommends ${labelOf(choiceForForm)}. The measured workload differs from the form, so the model chooses ${labelOf(choice)} for it.`,
        ]
  const { fits, transports } = findings
  if (fits === choice)
    return { agrees: true, sentence: `They agree: ${recommended}, and the measurement too.`, reasons: form }
  if (fits !== null)
    return {
      agrees: false,
      sentence: `They do not agree: ${recommended}, and the measurement recommends ${labelOf(fits)}.`,
      reasons: [...reasonsOf(choice, fits, transports, ageS, labelOf, advice.close), ...form],
    }
  const isUntold = transports.some(({ doubt }) => doubt !== null)
  return {
    agrees: null,
    sentence: isUntold
      ? `It cannot be told whether they agree: ${recommended}, and the measurement cannot choose. Its verdict gives the reason.`
      : `They do not contradict each other: ${recommended}, and the measurement finds no difference that matters.`,
    reasons: form,
  }
}

function reasonsOf(
  choice: string,
  fits: string,
  transports: readonly TransportFindings[],
  ageS: number,
  labelOf: (transport: string) => string,
  close: readonly string[],
): readonly string[] {
  const chosen = transports.find(({ transport }) => transport === choice)
  const fitting = transports.find(({ transport }) => transport === fits)
  const reasons = [
    'They have different rules. The model chooses the fewest bytes among the transports that are fast enough, and the simplest one among those that cost about the same. The measurement chooses the shortest delay, and among equal delays the least processor time.',
    ...(close.includes(fits) ? [`For the model, ${labelOf(fits)} costs about the same as ${labelOf(choice)}.`] : []),
  ]
  if (!chosen || !fitting) return reasons
  if (chosen.doubt !== null)
    reasons.push(`The measurement left ${labelOf(choice)} out, because its delays cannot be told.`)
  else if (chosen.p95Ms !== null && chosen.p95Ms > ageS * 1000)
    reasons.push(
      `Over ${labelOf(choice)}, 1 of 20 messages arrived later than ${numberText(chosen.p95Ms)} ms, and the form allows ${numberText(ageS * 1000)} ms. This machine may be too slow for so many clients.`,
    )
  const bytes = bytesReason(chosen, fitting, labelOf)
  return bytes === null ? reasons : [...reasons, bytes]
}

function bytesReason(
  chosen: TransportFindings,
  fitting: TransportFindings,
  labelOf: (transport: string) => string,
): string | null {
  if (chosen.bytes === null || fitting.bytes === null) return null
  const [first, second] = [labelOf(chosen.transport), labelOf(fitting.transport)]
  const figures = `${first} needed ${numberText(chosen.bytes)} bytes for each delivery, and ${second} ${numberText(fitting.bytes)}.`
  return chosen.bytes <= CLOSE * fitting.bytes
    ? `By the rule of the model, the measurement supports the model: ${figures}`
    : `The bytes contradict the model: ${figures} The clients of the measurement are plain sockets, and their requests are shorter than those of a browser.`
}
