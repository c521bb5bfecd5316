/** Options whose value is a number. */
import { CompareError } from './trouble.ts'

interface Range {
  readonly from: number
  readonly to: number
  readonly usual: number
  /** What the number counts. */
  readonly unit: string
}

export const NUMBERS = {
  clients: { from: 1, to: 20_000, usual: 100, unit: 'clients, a whole number' },
  rate: { from: 0.01, to: 2000, usual: 10, unit: 'messages a second' },
  size: { from: 30, to: 1_000_000, usual: 100, unit: 'bytes, a whole number' },
  seconds: { from: 0.1, to: 3600, usual: 5, unit: 'seconds' },
  warmup: { from: 0, to: 600, usual: 1, unit: 'seconds' },
  ramp: { from: 0, to: 600, usual: 1, unit: 'seconds' },
  interval: { from: 0.01, to: 3600, usual: 1, unit: 'seconds' },
  wait: { from: 1, to: 300, usual: 25, unit: 'seconds' },
  repeat: { from: 1, to: 100, usual: 5, unit: 'repetitions, a whole number' },
  burst: { from: 2, to: 10_000, usual: 10, unit: 'messages, a whole number' },
  'rate-to': { from: 0.01, to: 5000, usual: 100, unit: 'messages a second' },
  'storm-within': { from: 0, to: 600, usual: 3, unit: 'seconds' },
  slow: { from: 0.1, to: 99, usual: 10, unit: 'percent' },
  rtt: { from: 0, to: 4000, usual: 0, unit: 'milliseconds' },
  jitter: { from: 0, to: 2000, usual: 0, unit: 'milliseconds' },
  loss: { from: 0, to: 50, usual: 0, unit: 'percent' },
  bandwidth: { from: 8, to: 1_000_000, usual: 0, unit: 'kbit/s' },
} satisfies Record<string, Range>

export type NumberName = keyof typeof NUMBERS

/** Reads the value of an option; without a text, returns `usual`. Throws `CompareError`. */
export function numberOf(name: NumberName, text: string | undefined, usual: number = NUMBERS[name].usual): number {
  if (text === undefined) return usual
  const { from, to, unit } = NUMBERS[name]
  const value = Number(text)
  const isWhole = Number.isInteger(value) || !unit.includes('whole')
  if (text.trim() !== '' && value >= from && value <= to && isWhole) return value
  throw new CompareError(`--${name} is "${text}". Give a number from ${from} to ${to}: ${unit}.`)
}
