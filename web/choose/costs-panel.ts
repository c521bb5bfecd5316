/** Draws what each transport costs besides bytes: the radio of a phone, connections, and the work of a team. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { ByTransport, Predicted } from '../measure/choosing.ts'
import { BATTERY_WH, RADIO_W, TAIL_S, batteryPercent } from '../measure/radio.ts'
import type { Workload } from '../measure/workload.ts'
import { LABELS, TRANSPORTS } from '../lane/order.ts'
import { shape } from '../lane/shape.ts'
import { short } from '../page/format.ts'
import { transports } from '../transports/index.ts'

/** Usual limit of open files for a process on Linux. */
const OPEN_FILES = 1024

export function costsPanel(predicted: ByTransport<Predicted>, { memory }: Workload): TemplateResult {
  const most = Math.max(...TRANSPORTS.map((name) => predicted[name].connections))
  return html`${table(
      'Costs besides bytes',
      ['Radio and connections', 'radio awake', 'wakes an hour', 'battery an hour', 'connections', 'their memory'],
      (name) => {
        const { radio, connections, memoryBytes } = predicted[name]
        return [
          percent(100 * radio.awake),
          wakesText(radio.wakesPerSecond * 3600),
          percent(batteryPercent(radio.awake)),
          short(connections).trim(),
          `${short(memoryBytes)}B`,
        ]
      },
    )}
    <p class="dim small">
      The radio is that of a phone on a mobile network, with the page open; a phone that sleeps suspends the page. The
      model assumes that the radio stays awake for ${TAIL_S} s after each packet, that it then needs ${RADIO_W} W, and
      that the battery has ${BATTERY_WH} Wh. This is not measured. If the radio is awake all the time, it never wakes.
    </p>
    <p class="dim small">
      Each connection takes one file descriptor of the server.
      ${most > OPEN_FILES ? html`A process can usually open ${OPEN_FILES.toLocaleString('en')} files, so raise this limit (<code>ulimit -n</code>).` : nothing}
      ${
        memory === 0
          ? html`The memory is that of Fourwire’s server for a connection that receives nothing, as
              <a href="/docs/test#measured">measured</a>. Other servers need other amounts, which you can enter.`
          : nothing
      }
    </p>
    <h3>What a team builds and operates</h3>
    ${table(
      'Work of a team',
      ['From the simplest', 'proxies', 'authentication', 'reconnecting', 'replay'],
      (name) => {
        const { proxies, authentication, reconnect, replay } = transports[name].effort
        return [proxies, authentication, reconnect, replay]
      },
      'words',
      TRANSPORTS.toSorted((one, other) => transports[one].simplicityRank - transports[other].simplicityRank),
    )}`
}

type Row = (name: (typeof TRANSPORTS)[number]) => readonly string[]

function table(label: string, heads: readonly string[], row: Row, look = '', order = TRANSPORTS): TemplateResult {
  return html`<div class="scrolls" tabindex="0" role="region" aria-label=${label}>
    <table class=${look}>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${order.map(
          (name) =>
            html`<tr data-lane=${name}>
              <th scope="row">${shape(name)} ${LABELS[name]}</th>
              ${row(name).map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

const wakesText = (anHour: number): string => (anHour > 0 && anHour < 1 ? '< 1' : String(Math.round(anHour)))

const percent = (value: number): string => `${Number(value.toPrecision(2))} %`
