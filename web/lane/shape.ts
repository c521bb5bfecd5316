/**
 * Draws the shape of each lane. A shape is a list of corners around a centre, and is drawn in a text or on a canvas.
 */
import { html, svg } from 'lit'
import type { TemplateResult } from 'lit'
import type { Shape } from '../transports/transport.ts'
import { shapeOf } from './order.ts'
import type { LaneName } from './order.ts'

/**
 * Scale of a shape in a text. The scale is less than half of the shape's height of 16 units, because the corners extend
 * a little further.
 */
const UNIT = 6.2

/**
 * Draws the lane's shape in the lane's colour, as high as the text. The lane's name stands beside the shape, so the
 * shape is hidden from screen readers.
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
