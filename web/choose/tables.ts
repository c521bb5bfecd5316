/** Draws tables of what each transport costs, predicted and measured. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { TransportName } from '../../server/protocol/feed.ts'
import { ANSWERS, bytesAgreement, delayAgreement } from '../measure/agreement.ts'
import type { Agreement, LaneMeasurement } from '../measure/agreement.ts'
import type { ByTransport, Predicted } from '../measure/choosing.ts'
import type { Workload } from '../measure/workload.ts'
import { costOf } from '../measure/advice.ts'
import { supportFor } from '../measure/support.ts'
import type { Advice } from '../measure/advice.ts'
import type { MeasuredRun } from './decision.ts'
import type { PublishingCost } from './publisher.ts'
import { LABELS, TRANSPORTS } from '../lane/order.ts'
import { DASH, bytes, milliseconds, short } from '../page/format.ts'
import { shape } from '../lane/shape.ts'

export function modelTable(
  predicted: ByTransport<Predicted>,
  { clients, speaks }: Workload,
  { transport, close }: Advice,
  overHttp1: ByTransport<Predicted> | null,
): TemplateResult {
  return html`<div class="scrolls" tabindex="0" role="region" aria-label="Predicted values">
    <table>
      <thead>
        <tr>
          <th scope="col">Prediction</th>
          <th scope="col">bytes/s per client${overHttp1 ? ', HTTP/2' : ''}</th>
          ${overHttp1 ? html`<th scope="col">over HTTP/1.1</th>` : nothing}
          ${speaks ? html`<th scope="col">and to write</th>` : nothing}
          <th scope="col">bytes/s, in all</th>
          <th scope="col">requests/s, in all</th>
          <th scope="col">p50, ms</th>
          <th scope="col">p95, ms</th>
        </tr>
      </thead>
      <tbody>
        ${TRANSPORTS.map((name) => {
          const one = predicted[name]
          return html`<tr data-lane=${name} class=${one.out === null ? '' : 'out'}>
            <th scope="row">${shape(name, one.out !== null)} ${LABELS[name]} ${markOf(name, one, transport, close)}</th>
            <td>${figure(one.bytesPerSecond)}</td>
            ${overHttp1 ? html`<td class="off">${figure(overHttp1[name].bytesPerSecond)}</td>` : nothing}
            ${speaks ? html`<td>${figure(one.writingPerSecond)}</td>` : nothing}
            <td>${short(costOf(one) * clients)}B</td>
            <td>${short(one.requestsPerSecond * clients).trim()}</td>
            <td>${milliseconds(one.p50Ms)}</td>
            <td>${milliseconds(one.p95Ms)}</td>
          </tr>`
        })}
      </tbody>
    </table>
  </div>`
}

/** Marks the transport of the advice, those that cost about the same, and those that cannot do the task. */
function markOf(
  name: TransportName,
  { out }: Predicted,
  transport: TransportName | null,
  close: readonly TransportName[],
): TemplateResult | typeof nothing {
  if (out !== null) return html`<small>out</small>`
  if (name === transport) return html`<b class="alarm">${close.length > 1 ? 'simplest' : 'cheapest'}</b>`
  return close.includes(name) ? html`<small>close</small>` : nothing
}

export function resultTable(run: MeasuredRun, advice: Advice | null): TemplateResult {
  const { measured, predicted, busyMs, of, publishing } = run
  const rows = TRANSPORTS.map((name) => {
    const lane = measured[name]
    const model = predicted[name]
    if (!lane || (model.out !== null && lane.messages === 0))
      return {
        row: html`<tr data-lane=${name} class="out">
          <th scope="row">${shape(name, true)} ${LABELS[name]}</th>
          <td colspan="9">${lane ? 'No message arrived. ' : ''}${model.out ?? 'No connection could be opened.'}</td>
        </tr>`,
        whys: [],
        isMeasured: false,
      }
    const [size, delay] = [bytesAgreement(lane, model, busyMs), delayAgreement(lane, model, busyMs)]
    return {
      row: html`<tr data-lane=${name}>
        <th scope="row">${shape(name)} ${LABELS[name]}</th>
        <td>${figure(lane.bytesPerSecond)}</td>
        <td>${figure(model.bytesPerSecond)}</td>
        <td class="off">${offText(size)}</td>
        <td>${median(lane)}</td>
        <td>${milliseconds(model.p50Ms)}</td>
        <td class="off">${offText(delay)}</td>
        <td>${milliseconds(lane.p95Ms)}</td>
        <td>${lane.requestsPerSecond.toFixed(2)}</td>
        <td>${lane.messages}</td>
      </tr>`,
      whys: [whyLine(name, 'bytes', size), whyLine(name, 'delay', delay)],
      isMeasured: true,
    }
  })
  const isAnyMeasured = rows.some(({ isMeasured }) => isMeasured)
  const whys = rows.flatMap((one) => one.whys).filter((why) => why !== null)
  return html`<div class="scrolls" tabindex="0" role="region" aria-label="Measured values">
      <table class="measured">
        <thead>
          <tr>
            <th scope="col">One client</th>
            <th scope="col">bytes/s</th>
            <th scope="col">model</th>
            <th scope="col">off</th>
            <th scope="col">p50, ms</th>
            <th scope="col">model</th>
            <th scope="col">off</th>
            <th scope="col">p95, ms</th>
            <th scope="col">requests/s</th>
            <th scope="col">messages</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(({ row }) => row)}
        </tbody>
      </table>
    </div>
    ${
      whys.length === 0
        ? html`<p class="verdict">
            ${isAnyMeasured ? 'Model and measurement agree within a tenth.' : 'Nothing was measured.'}
          </p>`
        : html`<ul class="reasons whys">
            ${whys}
          </ul>`
    }
    ${advice && isAnyMeasured ? html`<p class="verdict">${supportFor(run, advice, (name) => LABELS[name])}</p>` : nothing}
    ${of.speaks ? publishingTable(publishing) : nothing}`
}

function publishingTable({ post, socket }: PublishingCost): TemplateResult {
  const ways = [
    { way: 'by POST', ...post },
    { way: 'over a WebSocket', ...socket },
  ]
  return html`<div class="scrolls" tabindex="0" role="region" aria-label="Publishing">
    <table class="publishing">
      <thead>
        <tr>
          <th scope="col">One written message</th>
          <th scope="col">bytes, both directions</th>
          <th scope="col">until confirmed, p50, ms</th>
          <th scope="col">messages</th>
        </tr>
      </thead>
      <tbody>
        ${ways.map(
          ({ way, bytes: each, p50Ms, messages }) =>
            html`<tr>
              <th scope="row">${way}</th>
              <td>${each === null ? DASH : figure(each)}</td>
              <td>${messages < ANSWERS ? DASH : milliseconds(p50Ms)}</td>
              <td>${messages}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

/** Writes a value with three digits, because a model is not more exact. */
const figure = (value: number): string =>
  value < 99.5 ? String(Number(value.toPrecision(3))) : bytes(value).replace(/ ?B$/, '')

function offText({ off, isReal }: Agreement): TemplateResult | string {
  if (off === null) return DASH
  const percent = Math.round(Math.abs(off * 100))
  const text = off >= 1 ? `× ${(off + 1).toFixed(1)}` : `${percent === 0 ? '' : off < 0 ? '−' : '+'}${percent} %`
  return isReal ? html`<b>${text}</b>` : text
}

/** Draws a median in grey if there are too few responses for it. */
function median({ p50Ms, answers }: LaneMeasurement): TemplateResult | string {
  const text = milliseconds(p50Ms)
  return answers < ANSWERS ? html`<i class="dim">${text}</i>` : text
}

function whyLine(name: TransportName, what: string, { why }: Agreement): TemplateResult | null {
  return why === null ? null : html`<li>${LABELS[name]}, ${what}: ${why}</li>`
}
