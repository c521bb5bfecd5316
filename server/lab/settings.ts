/** Reads what someone wants to set. What does not fit is told by its name, its value and what would fit. */
import { FeedError, quote } from '../errors.ts'
import type { Cut, SettingsChange } from '../protocol.ts'
import { NEUTRAL, RANGES } from '../wire/ranges.ts'
import type { Range } from '../wire/ranges.ts'

const RATE: Range = { from: 0, to: 20 }

const CUTS: readonly Cut[] = ['FIN', 'RST', 'black hole']

/** Throws `bad-settings` (400). */
export function readChange(value: unknown): SettingsChange {
  checkNames('settings', value, ['ratePerSecond', 'conditions'])
  checkChange(value)
  return value
}

/** Throws `bad-settings` (400). */
export function readCut(how: unknown): Cut {
  const cut = CUTS.find((name) => name === how)
  if (cut) return cut
  throw new FeedError('bad-settings', `how is ${quote(how)}.`, `Give how as ${CUTS.map(quote).join(', ')}.`)
}

function checkChange(value: Record<string, unknown>): asserts value is SettingsChange & typeof value {
  if (value['ratePerSecond'] !== undefined) checkNumber('ratePerSecond', value['ratePerSecond'], RATE)
  if (value['conditions'] === undefined) return
  checkNames('conditions', value['conditions'], Object.keys(NEUTRAL))
  for (const [name, condition] of Object.entries(value['conditions'])) checkCondition(name, condition)
}

function checkCondition(name: string, value: unknown): void {
  const range = Object.entries(RANGES).find(([known]) => known === name)?.[1]
  if (range) return checkNumber(`conditions.${name}`, value, range)
  if (typeof value !== 'boolean') refuse(`conditions.${name}`, value, 'true or false')
}

function checkNumber(name: string, value: unknown, { from, to }: Range): void {
  if (typeof value === 'number' && (value === 0 || (value >= from && value <= to))) return
  const range = `${from.toLocaleString('en')} to ${to.toLocaleString('en')}`
  refuse(name, value, from === 0 ? `a number from ${range}` : `0, which is none, or a number from ${range}`)
}

function checkNames(what: string, value: unknown, names: readonly string[]): asserts value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(what, value, 'a JSON object')
  const unknown = Object.keys(value).find((name) => !names.includes(name))
  if (unknown === undefined) return
  const near = names.find((name) => name.toLowerCase().startsWith(unknown.toLowerCase()))
  throw new FeedError(
    'bad-settings',
    `${quote(unknown)} is none of the ${what}.`,
    near ? `Did you mean ${quote(near)}?` : `There are ${names.join(', ')}.`,
  )
}

function refuse(name: string, value: unknown, right: string): never {
  throw new FeedError('bad-settings', `${name} is ${quote(value)}.`, `Give ${name} as ${right}.`)
}
