/** States in a sentence or two which transport fits the workload, as far as the measurement can tell. */
import type { Level, Summary } from './summary.ts'
import { bytesText, listText, msText } from './words.ts'

/** A transport that costs at most this many times as much as the cheapest costs the same. */
const HARDLY = 1.1

export function verdictOf(all: readonly Summary[]): string {
  const told = all.filter(({ doubt }) => doubt === null)
  const untold = all.filter(({ doubt }) => doubt !== null).map(({ transport, doubt }) => `${transport}: ${doubt}`)
  return [...(told.length === 0 ? [NOTHING] : sentencesFor(told, all.length)), ...untold].join(' ')
}

const NOTHING = 'Which transport fits this workload cannot be told from this measurement.'

function sentencesFor(told: readonly Summary[], compared: number): readonly string[] {
  const broken = told.filter((one) => flawOf(one) !== null)
  const whole = told.filter((one) => flawOf(one) === null)
  const flaws = broken.map((one) => `${one.transport} is out: ${flawOf(one)}.`)
  const level: Level = whole.every(({ delay }) => delay.p95?.highMs !== null) ? 'p95' : 'p50'
  const [fastest, ...others] = whole.toSorted((one, other) => msOf(one, level) - msOf(other, level))
  if (!fastest) return [NOTHING, ...flaws]
  const time = `${level === 'p95' ? '19 of 20 messages arrive' : 'half of the messages arrive'} within ${rangeText(fastest, level)}`
  if (compared === 1) return [`Over ${fastest.transport}, ${time}.`, ...flaws]
  const equal = others.filter((one) => !isFaster(fastest, one, level))
  if (equal.length === 0)
    return [`${fastest.transport} fits this workload: ${time}, sooner than over any other.`, ...flaws]
  const group = [fastest, ...equal]
  const slower = others.filter((one) => !equal.includes(one)).map(({ transport }) => transport)
  const rest = slower.length === 0 ? '' : ` Over ${listText(slower)} they arrive later.`
  const names = listText(group.map(({ transport }) => transport))
  return [
    `By their delays ${names} cannot be told apart: over ${fastest.transport}, ${time}.${rest} ${costOf(group)}`,
    ...flaws,
  ]
}

/** Compares the costs of transports with the same delay. */
function costOf(group: readonly Summary[]): string {
  const figures = [
    {
      name: 'processor time of the server',
      of: ({ cpuUs }: Summary) => cpuUs,
      text: (us: number) => `${us.toFixed(0)} µs`,
    },
    { name: 'bytes', of: ({ bytes }: Summary) => bytes, text: bytesText },
  ]
  for (const { name, of, text } of figures) {
    const sorted = group.toSorted((one, other) => (of(one) ?? Infinity) - (of(other) ?? Infinity))
    const [first, second] = sorted
    const [least, next] = [first && of(first), second && of(second)]
    if (first && least && next && next > HARDLY * least)
      return `Of these, ${first.transport} costs the least ${name}: ${text(least)} for each delivery, and the next ${text(next)}. So ${first.transport} fits this workload.`
  }
  return 'Their costs are equal too, so choose the one that is the simplest to run.'
}

/**
 * Whether a transport is faster than another. The confidence intervals must be apart. The transport must also have been
 * faster in every repetition, because the machine may change between them.
 */
function isFaster(one: Summary, other: Summary, level: Level): boolean {
  const [fast, slow] = [one.delay[level], other.delay[level]]
  const isApart = (fast?.highMs ?? Infinity) < (slow?.lowMs ?? -Infinity)
  return isApart && one.each.every((figures, i) => (figures[level] ?? Infinity) < (other.each[i]?.[level] ?? Infinity))
}

/** A defect that makes a transport unfit; null if there is none. */
function flawOf({ lost, doubled, refused, refusal, dropped, deliveries }: Summary): string | null {
  if (dropped > 0) return `${dropped} clients lost their connection`
  if (lost > 0) return `${lost} of ${lost + deliveries} deliveries were lost`
  if (doubled > 0) return `${doubled} deliveries came twice`
  if (refused > 0) return `the server refused ${refused} messages (${refusal})`
  return null
}

const msOf = ({ delay }: Summary, level: Level): number => delay[level]?.ms ?? Infinity

function rangeText({ delay }: Summary, level: Level): string {
  const { ms = Number.NaN, lowMs = null, highMs = null } = delay[level] ?? {}
  return `${msText(ms)} ms${lowMs === null || highMs === null ? '' : ` (${msText(lowMs)} to ${msText(highMs)})`}`
}
