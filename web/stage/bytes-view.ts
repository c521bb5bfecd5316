/** Draws the bytes of each lane per message, by purpose, on one scale. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { scaleFor } from '../lab/cost.ts'
import { LABELS } from '../lane/order.ts'
import { shape } from '../lane/shape.ts'
import { bytes } from '../page/format.ts'
import type { StageFacts } from './facts.ts'
import { rem } from './prediction-view.ts'

const KINDS = ['payload', 'framing', 'heads', 'empty'] as const

export function bytesView({ scene, state, lanes }: StageFacts, row: number): TemplateResult {
  const isRunning = state.step === 'run' || state.step === 'explain'
  const figures = scene.lanes.map((name) => ({
    name,
    found: isRunning ? lanes.find(({ lane }) => lane === name) : undefined,
  }))
  const scale = scaleFor(
    Math.max(...figures.flatMap(({ found }) => [found?.bytesPerMessage ?? 0, found?.expected?.bytesPerMessage ?? 0])),
  )
  const share = (part: number): string => `${Math.min(1, part / scale) * 100}%`
  return html`<div class="costs" .style=${`--row: ${rem(row)}`}>
    ${figures.map(({ name, found }) => {
      const parts = found?.parts ?? (found?.bytesPerMessage == null ? [] : [found.bytesPerMessage])
      const expected = found?.expected?.bytesPerMessage ?? null
      return html`<section class="cost" data-lane=${name} aria-label=${LABELS[name]}>
        <h2>${shape(name)} ${LABELS[name]}</h2>
        <div class="stack" aria-hidden="true">
          ${parts.map((part, i) => html`<i class=${KINDS[i] ?? ''} .style=${`width: ${share(part)}`}></i>`)}
          ${expected === null ? nothing : html`<i class="model" .style=${`left: ${share(expected)}`}></i>`}
        </div>
        <p class="big">${bytes(found?.bytesPerMessage)}</p>
      </section>`
    })}
    <p class="key">
      <span><i class="payload"></i> message</span><span><i class="framing"></i> framing</span
      ><span><i class="heads"></i> heads</span><span><i class="empty"></i> empty</span
      ><span><i class="model"></i> expected</span>
    </p>
  </div>`
}
