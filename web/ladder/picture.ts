/** Exports the ladder as an SVG file, with a title, the names of the lanes, and a key that explains the marks. */
import { LABELS } from '../lane/order.ts'
import { describeNetwork, isNeutral } from '../session/network.ts'
import type { SessionFacts } from '../session/session.ts'
import type { Colours } from '../drawing/colours.ts'
import type { AxisOrigin } from './axis.ts'
import type { Span } from './geometry.ts'
import { createScene } from './scene.ts'
import type { Look, ShownSession } from './scene.ts'
import { addShape } from '../drawing/shape-path.ts'
import { createSvgPen, escapeXml } from '../drawing/svg-pen.ts'

/** What the picture of the ladder shows. */
export interface View {
  readonly width: number
  readonly height: number
  readonly look: Look
  readonly span: Span
  readonly origin: AxisOrigin
}

const MARGIN = 16
const NAMES = 116
const HEAD = 40
const FOOT = 44

const MEANINGS = [
  'In each lane, the upper line is the server and the lower line is the browser. A vertical rule is a publication. A bar above the server’s line is a wait there.',
  'A slanted line is time on the way. On a thick line, the server can send. Hollow marks carry no message. Dotted lines are heartbeats and pings. Figures: delay, ms.',
]

/** Returns the SVG file. `measure` returns the width of a text in a font. */
export function toSvg(
  session: ShownSession & Pick<SessionFacts, 'room' | 'conditions' | 'presets'>,
  { width, height, look, span, origin }: View,
  colours: Colours,
  measure: (font: string, text: string) => number,
): string {
  const pen = createSvgPen(measure)
  const light: Look = { ...look, colours }
  createScene(session).draw({ pen, width, height }, light, span, origin, [])
  const left = MARGIN + (look.phone ? 0 : NAMES)
  const full = { width: left + width + MARGIN, height: HEAD + height + FOOT }
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="${full.width}" height="${full.height}" viewBox="0 0 ${full.width} ${full.height}">
<title>${escapeXml(titleOf(session, span))}</title>
<rect width="${full.width}" height="${full.height}" fill="#fff"/>
${frame(session, light, full, measure)(titleOf(session, span))}
<g transform="translate(${left} ${HEAD})">
${pen.elements()}
</g>
</svg>
`
}

/** Draws the title at the top, the names of the lanes on the left, and the key at the bottom. */
function frame(
  session: ShownSession,
  { colours, phone, rows, unit }: Look,
  { height }: { readonly height: number },
  measure: (font: string, text: string) => number,
): (title: string) => string {
  return (title) => {
    const pen = createSvgPen(measure)
    const font = colours.font
    const write = (text: string, x: number, y: number, style: string, colour: string): void => {
      pen.font = `${style} ${font}`
      pen.fillStyle = colour
      pen.fillText(text, x, y)
    }
    write(title, MARGIN, 24, '600 14px', colours.ink)
    if (!phone)
      for (const [i, { transport }] of session.lanes.entries()) {
        const y = HEAD + (rows[i]?.top ?? 0) + 20 * unit
        pen.beginPath()
        addShape(pen, transport, MARGIN + 6, y - 4, 5)
        pen.fillStyle = colours.lanes[transport]
        pen.fill()
        write(LABELS[transport], MARGIN + 18, y, '600 13px', colours.ink)
      }
    for (const [i, text] of MEANINGS.entries()) write(text, MARGIN, height - 26 + i * 15, '400 10px', colours.ink2)
    return pen.elements()
  }
}

function titleOf(
  { room, conditions, presets, offsetMs }: ShownSession & Pick<SessionFacts, 'room' | 'conditions' | 'presets'>,
  { fromMs, endMs }: Span,
): string {
  const at = new Date(fromMs + (offsetMs ?? 0)).toISOString().replace('T', ' ').slice(0, 21)
  const network = conditions === null || isNeutral(conditions) ? '' : ` · ${describeNetwork(conditions, presets)}`
  return `Fourwire · room ${room} · ${((endMs - fromMs) / 1000).toFixed(1)} s from ${at} UTC${network}`
}
