/** Every lane's own shape in the text; shape-path.ts has them for canvases. */
import { html, svg } from 'lit'
import type { TemplateResult } from 'lit'
import type { LaneName } from '../state/order.ts'

const PATHS: Record<LaneName, TemplateResult> = {
  'short-poll': svg`<path d="M8 1.2 15 14H1Z" />`,
  'long-poll': svg`<path d="M2 2h12v12H2Z" />`,
  sse: svg`<circle cx="8" cy="8" r="6.8" />`,
  ws: svg`<path d="M8 .2 15.8 8 8 15.8.2 8Z" />`,
  yours: svg`<path d="M5.7 1h4.6v4.7H15v4.6h-4.7V15H5.7v-4.7H1V5.7h4.7Z" />`,
}

/** The shape in the lane's colour, as high as the text. It says nothing by itself: the lane's name stands beside it. */
export function shape(lane: LaneName, hollow = false): TemplateResult {
  return html`<svg class=${hollow ? 'shape hollow' : 'shape'} data-lane=${lane} viewBox="0 0 16 16" aria-hidden="true">
    ${PATHS[lane]}
  </svg>`
}
