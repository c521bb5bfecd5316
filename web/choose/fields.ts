/** Draws the fields of a workload's figures, each field with its unit and range. */
import { html } from 'lit'
import type { TemplateResult } from 'lit'
import { FIGURES, PATHS, isFitting } from '../measure/workload.ts'
import type { Figure, Path, Workload } from '../measure/workload.ts'
import { rangeText } from './workload-trouble.ts'

const LABELS: Record<Figure, { readonly label: string; readonly unit: string }> = {
  rate: { label: 'Messages to each client', unit: 'a second' },
  bytes: { label: 'Text of a message', unit: 'bytes' },
  clients: { label: 'Clients', unit: 'at once' },
  age: { label: 'Greatest age of 19 of 20 messages', unit: 's' },
  latency: { label: 'Network, one way', unit: 'ms' },
  idle: { label: 'No messages in', unit: '% of the time' },
  memory: { label: 'Memory of a connection', unit: 'KiB at the server' },
}

const PATH_LABELS: Record<Path, string> = {
  clear: 'No obstacle',
  buffers: 'A proxy buffers responses',
  firewall: 'A firewall refuses WebSockets',
  both: 'Such a proxy and such a firewall',
}

const NAMES = Object.keys(FIGURES) as Figure[]

export function fields(workload: Workload, set: (change: Partial<Workload>) => void): TemplateResult {
  return html`<div class="fields">
    ${NAMES.map((name) => figure(name, workload[name], (value) => set({ [name]: value })))}
    <label class="figure"
      ><span>Network path</span
      ><select
        class="select"
        @change=${({ target }: Event) => target instanceof HTMLSelectElement && set({ path: pathOf(target.value) })}
      >
        ${PATHS.map((path) => html`<option value=${path} ?selected=${path === workload.path}>${PATH_LABELS[path]}</option>`)}
      </select></label
    >
    <label class="figure"
      ><span>What clients do</span
      ><select
        class="select"
        @change=${({ target }: Event) => target instanceof HTMLSelectElement && set({ speaks: target.value === 'yes' })}
      >
        <option value="no" ?selected=${!workload.speaks}>Only listen</option>
        <option value="yes" ?selected=${workload.speaks}>Send messages as well</option>
      </select></label
    >
  </div>`
}

const pathOf = (value: string): Path => PATHS.find((path) => path === value) ?? 'clear'

function figure(name: Figure, value: number, set: (value: number) => void): TemplateResult {
  const { label, unit } = LABELS[name]
  const range = rangeText(name)
  const { from, to } = FIGURES[name]
  const changed = ({ target }: Event): void => {
    if (!(target instanceof HTMLInputElement)) return
    const fits = target.value !== '' && isFitting(name, Number(target.value))
    target.setCustomValidity(fits ? '' : `Enter a number from ${range}.`)
    if (fits) set(Number(target.value))
    else target.reportValidity()
  }
  return html`<label class="figure" title=${range}
    ><span>${label}</span
    ><input
      class="field"
      type="number"
      aria-label=${`${label}, ${unit}`}
      inputmode="decimal"
      min=${from}
      max=${to}
      step="any"
      .value=${String(value)}
      @change=${changed}
    /><small>${unit}</small></label
  >`
}
