/** Draws the figures of all lanes as a table. */
import { html } from 'lit'
import type { TemplateResult } from 'lit'
import type { Quantile } from '../measure/latency.ts'
import { clockBoundMs, quantileOf } from '../session/delays.ts'
import { LABELS } from '../lane/order.ts'
import type { Lane } from '../lane/lane.ts'
import type { Forecast, SessionFacts } from '../session/session.ts'
import { bytesPerMessage } from '../lane/usage.ts'
import { DASH, milliseconds } from '../page/format.ts'
import { shape } from '../lane/shape.ts'
import { HELP } from '../drawing/words.ts'

export function figuresTable(session: SessionFacts & Forecast): TemplateResult {
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
          <th scope="col" title=${HELP.bytes}>bytes per message</th>
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

function row(session: SessionFacts & Forecast, lane: Lane): TemplateResult {
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

/** Draws a table cell with a quantile, and with the interval that contains the true value in 95 of 100 cases. */
function quantile(session: SessionFacts & Forecast, lane: Lane, p: number): TemplateResult {
  const boundMs = clockBoundMs(session) ?? undefined
  const found = quantileOf(session, lane, p)
  const few = found && !lane.latencies.enough(p)
  return html`<td class=${few ? 'few' : ''}>
    ${milliseconds(found?.ms, boundMs)}
    <small title="95 of 100 such intervals contain the true value">${found && range(found, boundMs)}</small>
  </td>`
}

/** Formats an interval. If there are few messages, one end of the interval can be unknown. */
function range({ lowMs, highMs }: Quantile, boundMs?: number): string {
  const [low, high] = [milliseconds(lowMs, boundMs), milliseconds(highMs, boundMs)]
  if (highMs === null) return lowMs === null ? '' : `≥ ${low}`
  return lowMs === null ? `≤ ${high}` : `${low}–${high}`
}
