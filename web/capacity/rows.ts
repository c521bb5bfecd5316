/** Draws the results, each with the measured figures on which it rests, and the table of these figures. */
import { html } from 'lit'
import type { TemplateResult } from 'lit'
import { LABELS } from '../lane/order.ts'
import type { CapacityFigures, LoopFigures } from '../measure/capacity-figures.ts'
import { CLIENTS_PER_PROCESS, FULL, KEPT_EVENTS, KEPT_HOURS } from '../measure/capacity.ts'
import type { Capacity, CapacityPlan } from '../measure/capacity.ts'
import { DASH, bytes } from '../page/format.ts'
import { number, percent } from './words.ts'

export function resultRows(plan: CapacityPlan, capacity: Capacity): TemplateResult {
  const { processes, costs } = capacity
  const rows = [
    {
      name: 'Processes',
      value: processes === null ? DASH : number(processes),
      rests: `Each has at most ${number(CLIENTS_PER_PROCESS)} clients and uses at most ${percent(FULL)} of a core. The latter is an assumption, which leaves room for bursts.`,
    },
    {
      name: 'Core of each process',
      value: processes === null ? DASH : percent(capacity.processCore),
      rests: `${us(costs.publishUs)} for a publish that it accepts, ${us(costs.receiveUs)} for a message that it receives from Redis, ${us(costs.deliveryUs)} for a delivery.`,
    },
    {
      name: 'Core of Redis',
      value: percent(capacity.redisCore),
      rests: `${us(costs.redisPublishUs)} for a publish, ${us(costs.redisReadUs)} more for each process that receives it${costs.redisDeliveryUs > 0 ? `, ${us(costs.redisDeliveryUs)} for a delivery by a poll` : ''}.`,
    },
    {
      name: 'Memory of Redis',
      value: bytes(capacity.redisBytes),
      rests: `${number(costs.eventBytes)} bytes for each event. A room keeps ${number(capacity.eventsPerRoom)} events: those of ${number(plan.hours)} hours, and at most ${number(KEPT_EVENTS)}.`,
    },
    {
      name: 'Publishes per second',
      value: number(capacity.publishesPerSecond),
      rests: 'The rate of a room, multiplied by the rooms.',
    },
    {
      name: 'Deliveries per second',
      value: number(capacity.deliveriesPerSecond),
      rests: 'The rate of a room, multiplied by the clients. Each client is in one room.',
    },
    {
      name: 'Bytes per second to the clients',
      value: bytes(capacity.bytesPerSecond),
      rests: `${number(costs.deliveryBytes)} bytes for a delivery, as TCP payload.`,
    },
  ]
  return html`<table class="results">
    <thead>
      <tr>
        <th scope="col">What</th>
        <th scope="col">Value</th>
        <th scope="col">Measured figures on which it rests</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        ({ name, value, rests }) =>
          html`<tr>
            <th scope="row">${name}</th>
            <td class="value">${value}</td>
            <td class="dim">${rests}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

export function measuredTable(figures: CapacityFigures): TemplateResult {
  const { sizes, deliveries, loops, shortLoop, longLoop, eventBytes } = figures
  const [shortest, longest] = [sizes[0] ?? 0, sizes.at(-1) ?? 0]
  const head = sizes.map((size) => html`<th scope="col" class="number">${number(size)} bytes</th>`)
  const row = (name: string, values: readonly number[]) =>
    html`<tr>
      <th scope="row">${name}</th>
      ${values.map((value) => html`<td class="number">${measured(value)}</td>`)}
    </tr>`
  return html`<section aria-labelledby="inputs">
    <h2 id="inputs">What was measured</h2>
    <p>
      By <code>npm run bench:redis</code> on ${figures.date}: ${figures.machine}, Node ${figures.node}, Redis
      ${figures.redis}. The values are medians of ${figures.rounds} rounds. The processes, Redis, the clients and the
      publisher shared the cores, and other programs used ${percent(figures.othersShare)} of them. Redis saved nothing
      to the disk. There was no network, no TLS and no proxy in between.
    </p>
    <div class="scrolls" tabindex="0" role="region" aria-label="Figures for each size">
      <table>
        <thead>
          <tr>
            <th scope="col">Text of a message</th>
            ${head}
          </tr>
        </thead>
        <tbody>
          ${deliveries.map((one) => row(`${LABELS[one.transport]}: µs of a process for a delivery`, one.processUs))}
          ${deliveries.map((one) => row(`${LABELS[one.transport]}: bytes for a delivery`, one.bytes))}
          ${deliveries.filter(({ isPoll }) => isPoll).map((one) => row(`${LABELS[one.transport]}: µs of Redis for a delivery`, one.redisUs))}
          ${row('Memory of an event in Redis, bytes', eventBytes)}
        </tbody>
      </table>
    </div>
    <p class="dim small">
      A delivery was measured with ${number(figures.clients)} clients and ${number(figures.messagesPerSecond)} messages
      per second. It includes its share of the publish. An empty Redis takes ${bytes(figures.emptyBytes)}, and a room
      with one event ${bytes(figures.roomBytes)}. An event has an idempotency key. The server keeps events for
      ${KEPT_HOURS} hours. Short polling is not here, because its cost depends on the interval and not on the
      deliveries. The publishes per second depend on the other programs of the machine, and the page does not compute
      with them.
    </p>
    <div class="scrolls" tabindex="0" role="region" aria-label="Publishes in a closed loop">
      <table>
        <thead>
          <tr>
            <th scope="col">Publishes</th>
            <th scope="col" class="number">publishes per second</th>
            <th scope="col" class="number">µs of all processes</th>
            <th scope="col" class="number">µs of Redis</th>
          </tr>
        </thead>
        <tbody>
          ${[
            ...loops.map((loop) => loopRow(loop, 64, shortest)),
            loopRow(shortLoop, 8, shortest),
            loopRow(longLoop, 8, longest),
          ]}
        </tbody>
      </table>
    </div>
  </section>`
}

/** `atOnce`: the number of requests that were under way at any time. `size`: bytes of the text. */
function loopRow(loop: LoopFigures, atOnce: number, size: number): TemplateResult {
  return html`<tr>
    <th scope="row">
      ${loop.processes} process${loop.processes === 1 ? '' : 'es'}, ${atOnce} at once, ${number(size)} bytes
    </th>
    <td class="number">${measured(loop.publishesPerSecond)}</td>
    <td class="number">${measured(loop.processUs)}</td>
    <td class="number">${measured(loop.redisUs)}</td>
  </tr>`
}

/** Writes a measured value as it is in the list of figures. */
const measured = (value: number): string => value.toLocaleString('en')

const us = (value: number): string => `${number(value)} µs`
