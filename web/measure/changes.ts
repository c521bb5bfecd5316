/** Finds the conditions under which the advice for a workload changes. Each is the nearest round value that changes it. */
import type { Advice } from './advice.ts'
import { rateText, spanText } from './plan.ts'
import type { Workload } from './workload.ts'

interface Variant {
  readonly change: Partial<Workload>
  /** Condition of the sentence "…, the answer is …". */
  readonly when: string
}

/** Most conditions that the page shows. */
const MOST = 5

const AGES_S = [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300]
const RATES = [1 / 86_400, 1 / 3600, 1 / 600, 1 / 60, 1 / 20, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 500, 1000]
const CLIENTS = [1, 2, 5, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000]

/**
 * Returns sentences, one for each condition under which the advice is another one. `adviceOf` gives the advice for a
 * changed workload, or null if it is not known.
 */
export function changesOf(workload: Workload, adviceOf: (changed: Workload) => Advice | null): readonly string[] {
  const now = adviceOf(workload)
  if (!now) return []
  const changed = ({ change, when }: Variant): string | null => {
    const other = adviceOf({ ...workload, ...change })
    if (!other || other.answer === now.answer) return null
    // If only the way to write differs, the transport is the same.
    if (other.is === now.is && other.transport === now.transport) return null
    return `${when}, ${other.is === 'none' ? 'no transport can do the task' : `the answer is: ${other.answer}`}.`
  }
  const nearest = variantsOf(workload).map((variants) => {
    for (const variant of variants) {
      const sentence = changed(variant)
      if (sentence !== null) return sentence
    }
    return null
  })
  return nearest.filter((sentence) => sentence !== null).slice(0, MOST)
}

/** Returns lists of variants, the nearest variant of each list first. */
function variantsOf({ age, rate, clients, path, speaks, readers }: Workload): readonly (readonly Variant[])[] {
  const ages = (values: readonly number[]) =>
    values.map((value) => ({ change: { age: value }, when: `If a message may be at most ${spanText(value)} old` }))
  const rates = (values: readonly number[]) =>
    values.map((value) => ({ change: { rate: value }, when: `At ${rateText(value)}` }))
  const counts = (values: readonly number[]) =>
    values.map((value) => ({
      change: { clients: value },
      when: `With ${value.toLocaleString('en')} ${value === 1 ? 'client' : 'clients'}`,
    }))
  return [
    readers === 'pages'
      ? []
      : [{ change: { readers: 'pages' }, when: 'If people need the messages only while the page is open' }],
    path === 'clear'
      ? [
          { change: { path: 'buffers' }, when: 'Behind a proxy that buffers responses' },
          { change: { path: 'firewall' }, when: 'Behind a firewall that refuses WebSockets' },
        ]
      : [{ change: { path: 'clear' }, when: 'Without the obstacle on the network path' }],
    ages(below(AGES_S, age)),
    ages(above(AGES_S, age)),
    [
      {
        change: { speaks: !speaks },
        when: speaks ? 'If clients only listen' : 'If clients write the messages as well',
      },
    ],
    rates(below(RATES, rate)),
    rates(above(RATES, rate)),
    counts(below(CLIENTS, clients)),
    counts(above(CLIENTS, clients)),
    readers === 'pages'
      ? [{ change: { readers: 'phones' }, when: 'If messages must also reach phones whose page is closed' }]
      : [],
  ]
}

const below = (values: readonly number[], value: number): readonly number[] =>
  values.filter((one) => one < value).toReversed()

const above = (values: readonly number[], value: number): readonly number[] => values.filter((one) => one > value)
