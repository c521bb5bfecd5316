/** Draws the bytes of an exchange of each lane, large enough for the back row. */
import { html } from 'lit'
import type { TemplateResult } from 'lit'
import { LABELS } from '../lane/order.ts'
import { shape } from '../lane/shape.ts'
import type { Controls } from '../page/controls.ts'
import '../sandbox/inspector.ts'
import type { SandboxSession } from '../session/session.ts'
import type { StageFacts } from './facts.ts'

export interface LiveExchanges {
  readonly session: SandboxSession
  readonly controls: Controls
  readonly tick: number
}

export function exchangeView({ scene }: StageFacts, live: LiveExchanges | null): TemplateResult {
  if (!live) return html`<p class="none">A recording has no bytes of exchanges. The sandbox shows them live.</p>`
  const { session, controls, tick } = live
  return html`<div class="exchanges">
    ${scene.lanes.slice(0, 2).map((lane) => {
      const has = session.lanes.find(({ transport }) => transport === lane)
      const exchange = has && has.latencies.n > 0 ? (session.exchanges.latest(lane) ?? 0) : 0
      return html`<section aria-label=${LABELS[lane]}>
        <h2>${shape(lane)} ${LABELS[lane]}</h2>
        <fw-inspector
          data-lane=${lane}
          .session=${session}
          .controls=${controls}
          .transport=${lane}
          .exchange=${exchange}
          .tick=${tick}
          .step=${() => {}}
        ></fw-inspector>
      </section>`
    })}
  </div>`
}
