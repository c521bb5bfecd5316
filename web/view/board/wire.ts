/** By which transport the board comes, why by no better one, and the choice. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { TransportName } from '../../../server/protocol.ts'
import { ORDER } from '../../board/fallback.ts'
import type { Fallback } from '../../board/fallback.ts'
import { LABELS } from '../../state/labels.ts'
import { shape } from '../shape.ts'

export function wire(
  line: Fallback,
  only: TransportName | null,
  use: (only: TransportName | null) => void,
): TemplateResult {
  const { current, isLive, gaveUp, trial } = line
  return html`<p class="wire">
    <span class="chip" data-lane=${current}>
      ${shape(current, !isLive)} <b>${LABELS[current]}</b>
      ${isLive ? html`<span>live</span>` : html`<span class="alarm">connecting</span>`}
    </span>
    ${gaveUp ? html`<span class="small dim why">${LABELS[gaveUp.transport]} was given up: ${gaveUp.trouble}${trial ? `; trying ${LABELS[trial]} again` : ''}.</span>` : nothing}
    <label class="small"
      ><span class="dim">by</span>
      <select
        class="choice"
        aria-label="Transport"
        @change=${({ target }: Event) => target instanceof HTMLSelectElement && use(ORDER.find((name) => name === target.value) ?? null)}
      >
        <option value="" ?selected=${only === null}>whatever works</option>
        ${ORDER.map((name) => html`<option value=${name} ?selected=${only === name}>${LABELS[name]} only</option>`)}
      </select>
    </label>
  </p>`
}
