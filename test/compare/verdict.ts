/** States in a sentence or two which transport fits the workload, as far as the measurement can tell. */
import { figuresOf } from './scenarios/figures.ts'
import { rateText, typicalHeldRate } from './scenarios/ramp.ts'
import type { HeldRate } from './scenarios/ramp.ts'
import { scenarioSentences } from './scenarios/sentences.ts'
import type { Level, Summary } from './summary.ts'
import { bytesText, countOf, countText, listText, msText } from './words.ts'

/** People notice no smaller difference between two delays, and networks add more. */
const NOTICED_MS = 5
/** A transport that costs at most this many times as much as the cheapest costs the same. */
const HARDLY = 1.1

const NOTHING = 'Which transport fits this workload cannot be told from this measurement.'

export function verdictOf(all: readonly Summary[]): string {
  const doubts = [...new Set(all.flatMap((one) => doubtOf(one) ?? []))]
  const reasons = doubts.map((doubt) => `${namesOf(all.filter((one) => doubtOf(one) === doubt))}: ${doubt}`)
  const told = all.filter((one) => doubtOf(one) === null)
  const flaws = told.flatMap((one) => flawOf(one) ?? [])
  const whole = told.filter((one) => flawOf(one) === null)
  return [...choiceFrom(whole, all.length).sentences, ...flaws, ...scenarioSentences(all), ...reasons].join(' ')
}

/** Returns the transport that fits according to `verdictOf`; null if the verdict names none. */
export function fittingOf(all: readonly Summary[]): string | null {
  const whole = all.filter((one) => doubtOf(one) === null && flawOf(one) === null)
  return choiceFrom(whole, all.length).fits
}

/** The rates of a ramp have their own doubts about the clients. */
const doubtOf = (one: Summary): string | null => (isRamp(one) ? one.outerDoubt : one.doubt)

const isRamp = (one: Summary): boolean => figuresOf(one, 'ramp').length > 0

interface Choice {
  readonly fits: string | null
  readonly sentences: readonly string[]
}

const untold = (...sentences: readonly string[]): Choice => ({ fits: null, sentences })

function choiceFrom(whole: readonly Summary[], compared: number): Choice {
  if (whole.some(isRamp)) return choiceByRate(whole)
  const level: Level = whole.every(({ delay }) => delay.p95?.highMs != null) ? 'p95' : 'p50'
  const [fastest, ...others] = whole.toSorted((one, other) => msOf(one, level) - msOf(other, level))
  if (!fastest) return untold(NOTHING)
  const share = level === 'p95' ? '19 of 20 messages' : 'half of the messages'
  const time = `Over ${fastest.transport}, ${share} arrive within ${rangeText(fastest, level)}.`
  if (compared === 1) return untold(time)
  if (others.length === 0) return untold(`Of these transports, only ${fastest.transport} can be judged.`, time)
  const slower = others.filter((one) => isFaster(fastest, one, level))
  const close = others.filter((one) => !slower.includes(one))
  const withTimes = slower.map((one) => `${one.transport} (${msText(msOf(one, level))} ms)`)
  const later = slower.length === 0 ? [] : [`Over ${listText(withTimes)} they arrive later.`]
  const { fits, sentences } = close.length === 0 ? fitting(fastest) : choiceByCost([fastest, ...close])
  return { fits, sentences: [...sentences, time, ...later] }
}

const fitting = ({ transport }: Summary, ...why: readonly string[]): Choice => ({
  fits: transport,
  sentences: [`${transport} fits this workload.`, ...why],
})

/** Chooses the transport that keeps its delays up to the highest rate. */
function choiceByRate(whole: readonly Summary[]): Choice {
  const held = whole
    .flatMap((summary) => ({ summary, held: typicalHeldRate(figuresOf(summary, 'ramp')) }))
    .flatMap(({ summary, held }) => (held ? [{ summary, ...held }] : []))
    .toSorted((one, other) => other.rate - one.rate)
  const rates = held.map(
    ({ summary: { transport }, rate, above }) => `${transport} ${rate === 0 ? BUSY : HELD[above](rateText(rate))}`,
  )
  const [best, ...others] = held
  if (!best) return untold(NOTHING)
  const rest = `${rates.join('; ')}.`
  if (others.length > 0 && others.every(({ rate, above }) => above === 'broken' && best.rate > HARDLY * rate))
    return fitting(best.summary, rest)
  return untold(rest)
}

const BUSY = 'cannot be judged, because the clients were busy from the start'

/** How a transport goes on above the rate that it holds. */
const HELD: Readonly<Record<HeldRate['above'], (rate: string) => string>> = {
  end: (rate) => `keeps up until the end of the ramp at ${rate} messages a second`,
  broken: (rate) => `keeps up until ${rate} messages a second, and falls behind above that`,
  untold: (rate) => `keeps up until ${rate} messages a second; above that, the delays may be those of the clients`,
}

/** Chooses among transports whose delays are equal. */
function choiceByCost(equal: readonly Summary[]): Choice {
  const even = `The delays over ${namesOf(equal)} cannot be told apart, or differ by less than ${NOTICED_MS} ms.`
  for (const { name, of, text } of COSTS) {
    const [first, second] = equal.toSorted((one, other) => of(one) - of(other))
    if (first && second && isCheaper(first, second, of))
      return fitting(
        first,
        even,
        `${first.transport} needs the least ${name} of them, ${text(of(first))} for each delivery; ${second.transport} needs ${text(of(second))}.`,
      )
  }
  return untold(even, 'Their costs are equal too, so choose the transport that is the simplest to run.')
}

interface Cost {
  readonly name: string
  /** Infinity if it is unknown. */
  of(figures: { readonly cpuUs: number | null; readonly bytes: number | null }): number
  text(value: number): string
}

const COSTS: readonly Cost[] = [
  { name: 'processor time', of: ({ cpuUs }) => cpuUs ?? Infinity, text: (us) => `${us.toFixed(0)} µs` },
  { name: 'bytes', of: ({ bytes }) => bytes ?? Infinity, text: bytesText },
]

/**
 * Whether a transport is noticeably faster than another. The confidence intervals must be apart. The transport must also
 * have been faster in every repetition, because the machine may change between them.
 */
function isFaster(one: Summary, other: Summary, level: Level): boolean {
  if (msOf(other, level) - msOf(one, level) < NOTICED_MS) return false
  const isApart = (one.delay[level]?.highMs ?? Infinity) < (other.delay[level]?.lowMs ?? -Infinity)
  return isApart && one.each.every((figures, i) => (figures[level] ?? Infinity) < (other.each[i]?.[level] ?? Infinity))
}

function isCheaper(one: Summary, other: Summary, of: Cost['of']): boolean {
  if (!(of(other) > HARDLY * of(one))) return false
  return one.each.every((figures, i) => of(figures) < of(other.each[i] ?? { cpuUs: null, bytes: null }))
}

/** Returns a sentence about a defect that makes a transport unfit; null if there is none. */
function flawOf(summary: Summary): string | null {
  const { transport, lost, doubled, refused, refusal, dropped, deliveries } = summary
  const out = `${transport} is out:`
  if (dropped > 0) return `${out} ${countOf(dropped, 'client')} lost the connection.`
  // A ramp may go beyond what the server can do.
  const isBeyond = isRamp(summary)
  if (lost > 0 && !isBeyond) return `${out} ${countText(lost)} of ${countText(lost + deliveries)} deliveries were lost.`
  if (doubled > 0) return `${out} ${countText(doubled)} ${doubled === 1 ? 'delivery' : 'deliveries'} came twice.`
  if (refused > 0 && !isBeyond) return `${out} the server refused ${countOf(refused, 'message')}: ${refusal}.`
  return null
}

const namesOf = (all: readonly Summary[]): string => listText(all.map(({ transport }) => transport))

const msOf = ({ delay }: Summary, level: Level): number => delay[level]?.ms ?? Infinity

function rangeText({ delay }: Summary, level: Level): string {
  const { ms = Number.NaN, lowMs = null, highMs = null } = delay[level] ?? {}
  return `${msText(ms)} ms${lowMs === null || highMs === null ? '' : ` (${msText(lowMs)} to ${msText(highMs)})`}`
}
