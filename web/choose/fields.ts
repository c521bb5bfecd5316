/** Draws the fields of a workload's figures, each field with its unit and range. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { live } from 'lit/directives/live.js'
import { RATE_UNITS } from '../measure/plan.ts'
import type { RateUnit } from '../measure/plan.ts'
import { FIGURES, HTTP_VERSIONS, PATHS, READERS, isFitting, readNumber } from '../measure/workload.ts'
import type { Figure, Path, Readers, Workload } from '../measure/workload.ts'
import { rangeText } from './workload-trouble.ts'

const LABELS: Record<Figure, { readonly label: string; readonly unit: string }> = {
  rate: { label: 'Messages to each client', unit: '' },
  bytes: { label: 'Text of a message', unit: 'bytes' },
  clients: { label: 'Clients', unit: 'at once' },
  age: { label: 'Greatest age of 19 of 20 messages', unit: 's' },
  latency: { label: 'Network, one way', unit: 'ms' },
  idle: { label: 'No messages in', unit: '% of the time' },
  memory: { label: 'Memory of a connection', unit: 'KiB, 0: as measured' },
}

const PATH_LABELS: Record<Path, string> = {
  clear: 'No obstacle',
  buffers: 'A proxy buffers responses',
  firewall: 'A firewall refuses WebSockets',
  both: 'Both obstacles',
}

const READER_LABELS: Record<Readers, string> = {
  pages: 'Open pages',
  phones: 'Phones, also asleep',
  servers: 'Programs on servers',
}

const NAMES = Object.keys(FIGURES) as Figure[]

/**
 * Draws the fields. `unit` is the unit of the rate. `set` gets each change of the workload, and `setUnit` each change of
 * that unit.
 */
export function fields(
  workload: Workload,
  unit: RateUnit,
  set: (change: Partial<Workload>) => void,
  setUnit: (unit: RateUnit) => void,
): TemplateResult {
  return html`<div class="fields">
    ${rateField(workload.rate, unit, set, setUnit)}
    ${NAMES.map((name) => (name === 'rate' ? nothing : figure(name, workload[name], (value) => set({ [name]: value }))))}
    ${choice('Network path', PATHS, PATH_LABELS, workload.path, (path) => set({ path }))}
    ${choice('What clients do', SPEAKS, SPEAKS_LABELS, workload.speaks ? 'yes' : 'no', (one) => set({ speaks: one === 'yes' }))}
    ${choice('Who receives', READERS, READER_LABELS, workload.readers, (readers) => set({ readers }))}
    ${choice('HTTP', HTTP_VERSIONS, HTTP_LABELS, workload.http, (http) => set({ http }))}
  </div>`
}

const HTTP_LABELS = { '1.1': 'HTTP/1.1, as measured', '2': 'HTTP/2, only predicted' }
const SPEAKS = ['no', 'yes'] as const
const SPEAKS_LABELS = { no: 'Only listen', yes: 'Write the messages as well' }

function choice<T extends string>(
  label: string,
  values: readonly T[],
  labels: Readonly<Record<T, string>>,
  value: T,
  set: (value: T) => void,
): TemplateResult {
  const changed = ({ target }: Event): void => {
    const found = target instanceof HTMLSelectElement ? values.find((one) => one === target.value) : undefined
    if (found !== undefined) set(found)
  }
  return html`<label class="figure"
    ><span>${label}</span
    ><select class="select" .value=${live(value)} @change=${changed}>
      ${values.map((one) => html`<option value=${one} ?selected=${one === value}>${labels[one]}</option>`)}
    </select></label
  >`
}

/** Draws the rate in the unit that the person chose. A change of the unit keeps the number. */
function rateField(
  rate: number,
  unit: RateUnit,
  set: (change: Partial<Workload>) => void,
  setUnit: (unit: RateUnit) => void,
): TemplateResult {
  const shown = Number((rate * unit.seconds).toPrecision(4))
  const changedUnit = ({ target }: Event): void => {
    const found = target instanceof HTMLSelectElement && RATE_UNITS.find(({ name }) => name === target.value)
    if (!found) return
    setUnit(found)
    if (isFitting('rate', shown / found.seconds)) set({ rate: shown / found.seconds })
  }
  const { from, to } = FIGURES.rate
  const number = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 6 })
  const range = { from: from * unit.seconds, to: to * unit.seconds }
  return html`<div class="figure">
    <label for="rate">${LABELS.rate.label}</label>
    ${input('rate', `${LABELS.rate.label}, ${unit.name}`, shown, `${number(range.from)} to ${number(range.to)}`, {
      isRight: (value) => isFitting('rate', value / unit.seconds),
      set: (value) => set({ rate: value / unit.seconds }),
    })}
    <select class="select unit" aria-label="Unit of the rate" .value=${live(unit.name)} @change=${changedUnit}>
      ${RATE_UNITS.map(({ name }) => html`<option value=${name} ?selected=${name === unit.name}>${name}</option>`)}
    </select>
  </div>`
}

function figure(name: Figure, value: number, set: (value: number) => void): TemplateResult {
  const { label, unit } = LABELS[name]
  const range = rangeText(name)
  return html`<label class="figure" title=${range}
    ><span>${label}</span
    >${input(name, `${label}, ${unit}`, value, range, { isRight: (one) => isFitting(name, one), set })}<small
      >${unit}</small
    ></label
  >`
}

interface NumberRule {
  isRight(value: number): boolean
  set(value: number): void
}

function input(
  name: Figure,
  label: string,
  value: number,
  range: string,
  { isRight, set }: NumberRule,
): TemplateResult {
  const changed = ({ target }: Event): void => {
    if (!(target instanceof HTMLInputElement)) return
    const isFit = isRight(readNumber(target.value))
    target.setCustomValidity(isFit ? '' : `Enter a number from ${range}.`)
    if (isFit) set(readNumber(target.value))
    else target.reportValidity()
  }
  return html`<input
    class="field"
    id=${name}
    type="number"
    aria-label=${label}
    inputmode="decimal"
    step="any"
    .value=${String(value)}
    @change=${changed}
  />`
}
