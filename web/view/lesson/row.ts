/** One lane of a lesson: who it is, room for its strip, and how it does. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { now } from '../../now.ts'
import { partsPerMessage } from '../../state/cost.ts'
import { LABELS } from '../../state/labels.ts'
import type { Lane } from '../../state/lane.ts'
import type { Session } from '../../state/session.ts'
import { DASH, bytes, milliseconds } from '../format.ts'
import { shape } from '../shape.ts'
import { HELP } from '../words.ts'

export interface Yours {
  /** Where the student's server is; empty before that is known. */
  readonly at: string
  /** What the way there adds to a delay, at the least. */
  readonly hopMs: number | null
}

export function laneRow(session: Session, lane: Lane, { at, hopMs }: Yours): TemplateResult {
  const { name, transport, ledger, latencies } = lane
  const { text, alarm } = session.stateOf(lane)
  const { received, lost, duplicated } = ledger.counts
  const isYours = name === 'yours'
  const boundMs = session.clock.at(now())?.boundMs ?? 0
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
      <b class="big" title=${HELP.p50}>${milliseconds(latencies.quantile(0.5)?.ms, boundMs)}</b>
      <p>p50, ms · n ${latencies.n}</p>
      <p>${received} of ${received + lost} arrived</p>
      <p>
        ${lost > 0 ? html`<b class="alarm">${lost} lost</b>` : '0 lost'}${duplicated > 0 ? html` <b class="alarm">${duplicated} doubled</b>` : nothing}
      </p>
      ${isYours && hopMs !== null ? html`<p title=${HELP.hop}>≥ ${hopMs < 1 ? hopMs.toFixed(2) : milliseconds(hopMs)} one hop more</p>` : nothing}
      <p title=${HELP.bytes}>${sum === null ? DASH : bytes(sum)} / message</p>
    </div>
  </section>`
}
