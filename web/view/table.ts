/** The figures of all lanes as a table, for whoever would rather read. */
import { html } from 'lit'
import type { TemplateResult } from 'lit'
import { now } from '../now.ts'
import type { Quantile } from '../measure/latency.ts'
import { LABELS } from '../state/labels.ts'
import type { Lane } from '../state/lane.ts'
import type { Session } from '../state/session.ts'
import { bytesPerMessage } from '../state/usage.ts'
import { DASH, milliseconds } from './format.ts'
import { shape } from './shape.ts'
import { HELP } from './words.ts'

export function figuresTable(session: Session): TemplateResult {
  return html`<div class="table" tabindex="0" role="region" aria-label="All figures">
    <table>
      <thead>
        <tr>
          <th scope="col"><span class="vh">Transport</span></th>
          <th scope="col" title=${HELP.p50}>p50, ms</th>
          <th scope="col" title=${HELP.expected}>expected</th>
          <th scope="col" title=${HELP.p95}>p95</th>
          <th scope="col" title=${HELP.p99}>p99</th>
          <th scope="col" title=${HELP.n}>n</th>
          <th scope="col">requests</th>
          <th scope="col" title=${HELP.bytes}>bytes a message</th>
          <th scope="col" title=${HELP.expected}>expected</th>
          <th scope="col">received</th>
          <th scope="col">lost</th>
          <th scope="col">doubled</th>
          <th scope="col">out of order</th>
          <th scope="col">recovered</th>
        </tr>
      </thead>
      <tbody>
        ${session.lanes.map((lane) => row(session, lane))}
      </tbody>
    </table>
  </div>`
}

function row(session: Session, lane: Lane): TemplateResult {
  const { latencies, ledger, tally } = lane
  const { received, lost, duplicated, outOfOrder, recovered } = ledger.counts
  return html`<tr>
    <th scope="row">${shape(lane.transport, !lane.on)} ${LABELS[lane.transport]}</th>
    ${quantile(session, lane, 0.5)}
    <td>${milliseconds(session.expected(lane)?.p50Ms)}</td>
    ${quantile(session, lane, 0.95)} ${quantile(session, lane, 0.99)}
    <td>${latencies.n}</td>
    <td>${tally.requests}</td>
    <td>${whole(bytesPerMessage(lane.usage.recent))}</td>
    <td>${whole(session.expectedBytes(lane))}</td>
    <td>${received}</td>
    <td>${lost}</td>
    <td>${duplicated}</td>
    <td>${outOfOrder}</td>
    <td>${recovered}</td>
  </tr>`
}

function whole(bytes: number | null): string {
  return bytes === null ? DASH : String(Math.round(bytes))
}

/** With the interval that holds the true one in 95 of 100 cases. */
function quantile(session: Session, { latencies }: Lane, p: number): TemplateResult {
  const boundMs = session.clock.at(now())?.boundMs
  const found = latencies.quantile(p)
  const few = found && !latencies.enough(p)
  return html`<td class=${few ? 'few' : ''}>
    ${milliseconds(found?.ms, boundMs)}
    <small title="95 of 100 such intervals hold the true value">${found && range(found, boundMs)}</small>
  </td>`
}

/** With few messages an end of the interval cannot be told. */
function range({ lowMs, highMs }: Quantile, boundMs?: number): string {
  const [low, high] = [milliseconds(lowMs, boundMs), milliseconds(highMs, boundMs)]
  if (highMs === null) return lowMs === null ? '' : `≥ ${low}`
  return lowMs === null ? `≤ ${high}` : `${low}–${high}`
}
