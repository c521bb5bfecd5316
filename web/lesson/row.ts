/** Draws one lane of a lesson: the lane's name, the space for its strip, and its figures. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { partsPerMessage } from '../lab/cost.ts'
import { clockBoundMs, quantileOf } from '../session/delays.ts'
import { LABELS } from '../lane/order.ts'
import type { Lane } from '../lane/lane.ts'
import type { SessionFacts } from '../session/session.ts'
import { DASH, bytes, milliseconds } from '../page/format.ts'
import { shape } from '../lane/shape.ts'
import { HELP } from '../drawing/words.ts'

export interface Yours {
  /** Address of the student's server; empty until the page knows it. */
  readonly at: string
  /** Smallest delay that the additional hop to the student's server causes; null until the page knows it. */
  readonly hopMs: number | null
}

export function laneRow(session: SessionFacts, lane: Lane, { at, hopMs }: Yours): TemplateResult {
  const { name, transport, ledger, latencies } = lane
  const { text, alarm } = session.statusOf(lane)
  const { received, lost, duplicated } = ledger.counts
  const isYours = name === 'yours'
  const boundMs = clockBoundMs(session) ?? 0
  const parts = partsPerMessage(lane.usage)
  const sum = parts && parts.payload + parts.framing + parts.heads + parts.nothing
  return html`<section
    class="lane-row"
    data-lane=${name}
    aria-label=${isYours ? 'Yours' : `Reference, ${LABELS[name]}`}
  >
    <div class="who">
      <h3>${shape(name)} ${LABELS[name]}</h3>
      <p>${isYours ? LABELS[transport].replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase()) : 'reference'}</p>
      ${isYours && at !== '' ? html`<p><code>${new URL(at).host}</code></p>` : nothing}
      <p class="state">${alarm ? html`<b class="alarm">${alarm}</b> ` : nothing}${text}</p>
    </div>
    <div class="strip"></div>
    <div class="figures">
      <b class="big" title=${HELP.p50}>${milliseconds(quantileOf(session, lane, 0.5)?.ms, boundMs)}</b>
      <p>p50, ms · n ${latencies.n}</p>
      <p>${received} of ${received + lost} arrived</p>
      <p>
        ${lost > 0 ? html`<b class="alarm">${lost} lost</b>` : '0 lost'}${duplicated > 0 ? html` <b class="alarm">${duplicated} doubled</b>` : nothing}
      </p>
      ${isYours && hopMs !== null ? html`<p title=${HELP.hop}>hop adds ≥ ${hopMs < 1 ? hopMs.toFixed(2) : milliseconds(hopMs)}</p>` : nothing}
      <p title=${HELP.bytes}>${sum === null ? DASH : bytes(sum)} / message</p>
    </div>
  </section>`
}
