/** Checks new settings. An error gives the name of the wrong setting, its value, and the allowed values. */
import { FeedError, quote } from '../http/errors.ts'
import type { Cut, SettingsChange } from '../protocol/lab.ts'
import { NEUTRAL, RANGES } from '../wire/bend/ranges.ts'
import type { AllowedRange } from '../wire/bend/ranges.ts'

const RATE: AllowedRange = { from: 0, to: 20 }

const CUTS: readonly Cut[] = ['FIN', 'RST', 'black hole']

/** Checks a change of settings. Throws `bad-settings` (400). */
export function readChange(value: unknown): SettingsChange {
  checkNames('settings', value, ['ratePerSecond', 'conditions'])
  checkChange(value)
  return value
}

/** Checks the kind of a cut. Throws `bad-settings` (400). */
export function readCut(how: unknown): Cut {
  const cut = CUTS.find((name) => name === how)
  if (cut) return cut
  throw new FeedError(
    'bad-settings',
    `The field "how" is ${quote(how)}.`,
    `Give "how" as ${CUTS.map(quote).join(', ')}.`,
  )
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

function checkNumber(name: string, value: unknown, { from, to }: AllowedRange): void {
  if (typeof value === 'number' && (value === 0 || (value >= from && value <= to))) return
  const range = `${from.toLocaleString('en')} to ${to.toLocaleString('en')}`
  refuse(name, value, from === 0 ? `a number from ${range}` : `0 to switch it off, or a number from ${range}`)
}

function checkNames(group: string, value: unknown, names: readonly string[]): asserts value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(group, value, 'a JSON object')
  const unknown = Object.keys(value).find((name) => !names.includes(name))
  if (unknown === undefined) return
  const near = names.find((name) => name.toLowerCase().startsWith(unknown.toLowerCase()))
  throw new FeedError(
    'bad-settings',
    `${quote(unknown)} is not one of the ${group}.`,
    near ? `Did you mean ${quote(near)}?` : `The ${group} are ${names.join(', ')}.`,
  )
}

function refuse(name: string, value: unknown, allowed: string): never {
  throw new FeedError('bad-settings', `${name} is ${quote(value)}.`, `Give ${name} as ${allowed}.`)
}
