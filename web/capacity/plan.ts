/** Reads the workload of the capacity page from its address and its fields, and writes it into the address. */
import { CAPACITY_FIGURES } from '../measure/capacity-figures.ts'
import type { MeasuredTransport } from '../measure/capacity-figures.ts'
import { KEPT_HOURS } from '../measure/capacity.ts'
import type { CapacityPlan } from '../measure/capacity.ts'
import { readNumber } from '../measure/workload.ts'
import { ruleOf, troubleIn, wordRule } from '../session/address-rules.ts'
import type { AddressRule } from '../session/address-rules.ts'

export type PlanFigure = Exclude<keyof CapacityPlan, 'transport'>

interface PlanField {
  readonly label: string
  readonly unit: string
  readonly from: number
  readonly to: number
  readonly usual: number
  readonly isWhole: boolean
}

export const PLAN_FIELDS: Readonly<Record<PlanFigure, PlanField>> = {
  clients: { label: 'Clients', unit: 'at once', from: 1, to: 10_000_000, usual: 1000, isWhole: true },
  rate: { label: 'Messages in each room', unit: 'per second', from: 0.001, to: 1000, usual: 1, isWhole: false },
  bytes: { label: 'Text of a message', unit: 'bytes', from: 1, to: 4000, usual: 100, isWhole: true },
  rooms: { label: 'Rooms', unit: 'with messages', from: 1, to: 100_000, usual: 1, isWhole: true },
  hours: {
    label: 'Hours with messages',
    unit: `of the last ${KEPT_HOURS}`,
    from: 0.1,
    to: KEPT_HOURS,
    usual: KEPT_HOURS,
    isWhole: false,
  },
}

export const PLAN_FIGURES = Object.keys(PLAN_FIELDS) as PlanFigure[]

export const PLAN_TRANSPORTS = CAPACITY_FIGURES.deliveries.map(({ transport }) => transport)

const USUAL_TRANSPORT: MeasuredTransport = 'ws'

/** Reads a plan from a query string. A value that is missing or cannot be used is replaced by its usual value. */
export function readPlan(search: string): CapacityPlan {
  const query = new URLSearchParams(search)
  const figures = PLAN_FIGURES.map((name) => {
    const text = query.get(name)
    return [name, text === null || figureTrouble(name, text) !== null ? PLAN_FIELDS[name].usual : readNumber(text)]
  })
  const transport = PLAN_TRANSPORTS.find((one) => one === query.get('transport')) ?? USUAL_TRANSPORT
  return { ...(Object.fromEntries(figures) as Record<PlanFigure, number>), transport }
}

/** Returns a plan as a query string that begins with `?`. Usual values are left out. */
export function writePlan(plan: CapacityPlan): string {
  const query = new URLSearchParams()
  for (const name of PLAN_FIGURES) if (plan[name] !== PLAN_FIELDS[name].usual) query.set(name, String(plan[name]))
  if (plan.transport !== USUAL_TRANSPORT) query.set('transport', plan.transport)
  const text = query.toString()
  return text && `?${text}`
}

/** Returns a sentence that says why the text is no value of this figure; null if it is one. */
export function figureTrouble(name: PlanFigure, text: string): string | null {
  const { label, from, to, isWhole } = PLAN_FIELDS[name]
  const value = readNumber(text)
  if (value >= from && value <= to && (!isWhole || Number.isInteger(value))) return null
  const what = text.trim() === '' ? 'is empty' : `is “${text.trim().slice(0, LONGEST_QUOTED)}”`
  return `${label} ${what}. Enter ${allowedText(name)}.`
}

const LONGEST_QUOTED = 20

function allowedText(name: PlanFigure): string {
  const { from, to, isWhole } = PLAN_FIELDS[name]
  return `a ${isWhole ? 'whole ' : ''}number from ${from.toLocaleString('en')} to ${to.toLocaleString('en')}`
}

/** Returns a sentence about the values in a query that the page cannot use; null if it can use all of them. */
export const planTrouble = (search: string): string | null => troubleIn(search, RULES)

const RULES: ReadonlyMap<string, AddressRule> = new Map<string, AddressRule>([
  ...PLAN_FIGURES.map(
    (name) =>
      [
        name,
        {
          ...ruleOf((text) => figureTrouble(name, text) === null, allowedText(name)),
          instead: PLAN_FIELDS[name].usual.toLocaleString('en'),
        },
      ] as const,
  ),
  ['transport', { ...wordRule(...PLAN_TRANSPORTS), instead: USUAL_TRANSPORT }],
])
