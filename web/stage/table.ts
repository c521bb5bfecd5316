/** The figures of a scene as tables: the votes, the lanes and the seats. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { LABELS } from '../lane/order.ts'
import { DASH, bytes, milliseconds, plusMinus } from '../page/format.ts'
import { countsOf } from '../show/votes.ts'
import type { StageFacts } from './facts.ts'
import { seatName } from './join-view.ts'
import { troublesOf } from './room.ts'

export function tables(facts: StageFacts, close: () => void): TemplateResult {
  const { scene } = facts
  return html`<section class="tables" aria-label="Figures as a table" tabindex="0">
    <p><button class="button" type="button" @click=${close}>Close (t)</button></p>
    ${votes(facts)} ${scene.lanes.length > 0 ? lanes(facts) : nothing} ${seats(facts)}
  </section>`
}

function votes({ scene, state }: StageFacts): TemplateResult | typeof nothing {
  const counts = state.step === 'predict' ? null : countsOf(state)
  if (scene.answers.length === 0) return nothing
  return html`<table>
    <caption>
      Votes
    </caption>
    <thead>
      <tr>
        <th scope="col">Answer</th>
        <th scope="col">Votes</th>
        <th scope="col">Right</th>
      </tr>
    </thead>
    <tbody>
      ${scene.answers.map(
        ({ text }, i) =>
          html`<tr>
            <th scope="row">${text}</th>
            <td>${counts?.[i] ?? DASH}</td>
            <td>${state.outcome?.right === i ? 'right' : ''}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

function lanes({ lanes }: StageFacts): TemplateResult {
  return html`<table>
    <caption>
      Lanes of this scene
    </caption>
    <thead>
      <tr>
        ${['Lane', 'Typical delay, ms', 'Expected, ms', 'Messages', 'Bytes a message', 'Lost', 'Doubled'].map((text) => html`<th scope="col">${text}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${lanes.map(
        ({ lane, p50Ms, expected, n, bytesPerMessage, lost, doubled }) =>
          html`<tr>
            <th scope="row">${LABELS[lane]}</th>
            <td>${milliseconds(p50Ms)}</td>
            <td>${milliseconds(expected?.p50Ms)}</td>
            <td>${n}</td>
            <td>${bytes(bytesPerMessage)}</td>
            <td>${lost}</td>
            <td>${doubled}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

function seats({ seats }: StageFacts): TemplateResult {
  return html`<table>
    <caption>
      Seats
    </caption>
    <thead>
      <tr>
        ${['Seat', 'Transport', 'Typical delay, ms', '± ms', 'Messages', 'Lost', 'Doubled', 'Remarks'].map((text) => html`<th scope="col">${text}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${seats.map((seat) => {
        const { dealt, report, fellBack, here, preflight } = seat
        const remarks = [here ? '' : 'away', fellBack ?? '', troublesOf(preflight, LABELS)].filter(
          (text) => text !== '',
        )
        return html`<tr>
          <th scope="row">${seatName(seat)}</th>
          <td>${LABELS[report?.transport ?? dealt]}</td>
          <td>${milliseconds(report?.p50Ms)}</td>
          <td>${plusMinus(report?.boundMs)}</td>
          <td>${report?.n ?? DASH}</td>
          <td>${report?.lost ?? DASH}</td>
          <td>${report?.doubled ?? DASH}</td>
          <td>${remarks.join('; ')}</td>
        </tr>`
      })}
    </tbody>
  </table>`
}
