/** Draws each lane's own shape: corners around a centre, in the text or on a canvas. */
import { html, svg } from 'lit'
import type { TemplateResult } from 'lit'
import type { Shape } from '../transports/transport.ts'
import { shapeOf } from './order.ts'
import type { LaneName } from './order.ts'

/** Scale of a shape in the text: half of its 16 units of height, less the overhang of its corners. */
const UNIT = 6.2

/**
 * The shape in the lane's colour, as high as the text. It is hidden from screen readers, because the lane's name
 * stands beside it.
 */
export function shape(lane: LaneName, hollow = false): TemplateResult {
  return html`<svg
    class=${hollow ? 'shape hollow' : 'shape'}
    data-lane=${lane}
    viewBox="-8 -8 16 16"
    aria-hidden="true"
  >
    ${drawn(shapeOf(lane))}
  </svg>`
}

function drawn(corners: Shape): TemplateResult {
  if (corners === 'circle') return svg`<circle r="6.8" />`
  return svg`<polygon points=${corners.map(([x, y]) => `${x * UNIT},${y * UNIT}`).join(' ')} />`
}
