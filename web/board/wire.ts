/**
 * Shows which transport the page uses, why the page gave a better transport up, and which transports the person can
 * choose.
 */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { TransportName } from '../../server/protocol/feed.ts'
import { FALLBACKS } from '../lane/order.ts'
import type { Fallback } from './fallback.ts'
import { LABELS, TRANSPORTS } from '../lane/order.ts'
import { shape } from '../lane/shape.ts'

export function wire(
  line: Fallback,
  isReachable: boolean,
  only: TransportName | null,
  use: (only: TransportName | null) => void,
): TemplateResult {
  const { current, gaveUp, trial } = line
  // After a cut of the network, a connection may look open for a while, but nothing comes through it.
  const isLive = line.isLive && isReachable
  return html`<p class="wire">
    <span class="chip" data-lane=${current}>
      ${shape(current, !isLive)} <b>${LABELS[current]}</b>
      ${isLive ? html`<span>live</span>` : html`<span class="alarm">${isReachable ? 'connecting' : 'no answer'}</span>`}
    </span>
    ${gaveUp ? html`<span class="small dim why">${LABELS[gaveUp.transport]} was given up: ${gaveUp.trouble}${trial ? `; trying ${LABELS[trial]} again` : ''}.</span>` : nothing}
    <label class="small"
      ><span class="dim">use</span>
      <select
        class="choice"
        aria-label="Transport"
        @change=${({ target }: Event) => target instanceof HTMLSelectElement && use(TRANSPORTS.find((name) => name === target.value) ?? null)}
      >
        <option value="" ?selected=${only === null}>the best that works</option>
        ${[...new Set([...FALLBACKS, ...TRANSPORTS])].map((name) => html`<option value=${name} ?selected=${only === name}>${LABELS[name]} only</option>`)}
      </select>
    </label>
  </p>`
}
