/**
 * Draws the whole ladder: the rules, the strips, the names of the server's line and the browser's line, the present,
 * and the axis.
 */
import type { SessionFacts } from '../session/session.ts'
import type { Lane } from '../lane/lane.ts'
import { LABELS } from '../lane/order.ts'
import type { Message } from '../lane/messages.ts'
import type { Mark } from '../lane/mark.ts'
import { textWidth } from '../drawing/canvas.ts'
import type { Sheet } from '../drawing/canvas.ts'
import type { Colours } from '../drawing/colours.ts'
import { addShape } from '../drawing/shape-path.ts'
import { drawAxis, drawFolds } from './axis.ts'
import type { AxisOrigin } from './axis.ts'
import { RIBBON_PX, drawBandNames, drawBands, groundAt } from './bands.ts'
import { xAt } from './time.ts'
import type { StripSizes, Span, Trace } from './geometry.ts'
import { boundsOf } from './pick.ts'
import { createRuleLabels, drawRuleLabels, drawRules, isChat, rulesOf } from './rules.ts'
import type { RuleLabels } from './rules.ts'
import { drawStrip } from './strip.ts'
import { createTracer } from './trace.ts'
import type { Tracer } from './trace.ts'
import type { Pen } from '../drawing/pen.ts'

export interface Row {
  readonly top: number
  readonly height: number
}

export interface Look {
  readonly colours: Colours
  readonly unit: number
  /** True on a phone, and in the large view. The names of the lanes then stand inside the strips, and the delays are left out. */
  readonly phone: boolean
  readonly rows: readonly Row[]
}

export interface Selection {
  readonly lane: number
  readonly mark: Mark
}

export interface LadderScene {
  /**
   * Returns the width of the picture to the left of the present. The names of the server's line and the browser's line
   * stand to the right of the present.
   */
  widthFor(sheet: Sheet, look: Look): number
  draw(sheet: Sheet, look: Look, span: Span, origin: AxisOrigin, selections: readonly Selection[]): void
}

/** The members of a session that the scene draws. */
export type ShownSession = Pick<SessionFacts, 'lanes' | 'messages' | 'offsetMs' | 'roundTripMs'>

export function createScene(session: ShownSession): LadderScene {
  const tracers = new WeakMap<Lane, Tracer>()
  const tracerOf = (lane: Lane): Tracer => {
    const tracer = tracers.get(lane) ?? createTracer(session, lane)
    tracers.set(lane, tracer)
    return tracer
  }
  let labels: RuleLabels | undefined
  let font = ''

  return {
    widthFor({ pen, width }, { colours, unit }) {
      return width - textWidth(pen, `${12 * unit}px ${colours.font}`, 'browser') - 11 * unit
    },
    draw(sheet, look, span, origin, selections) {
      const { pen } = sheet
      const { colours, unit, rows } = look
      const sizes = sizesOf(look)
      const fontOf = (message: Message): string => `${isChat(message) ? '600 ' : ''}${12 * unit}px ${colours.font}`
      if (font !== colours.font + unit) labels = undefined
      font = colours.font + unit
      labels ??= createRuleLabels(pen, fontOf)
      const chosen = span.dense ? labels.dense : labels.sparse
      chosen.update(session.messages.all, span.pxPerMs)
      const rules = session.offsetMs === null ? [] : rulesOf(session.messages.all, span, session.offsetMs)
      const spacePx = (dense: boolean, text: string): number =>
        Math.max(textWidth(pen, `${sizes.text}px ${colours.font}`, text) + 5, dense ? 34 : 0)
      const first = rows[0]
      const last = rows.at(-1)
      if (!first || !last) return
      const bottom = last.top + last.height
      drawBands(pen, colours, span, first.top, bottom)
      for (const [i, { top, height }] of rows.entries()) {
        const lane = session.lanes[i]
        if (!lane) continue
        const trace = tracerOf(lane)(span.pxPerMs, spacePx, span.dense)
        drawStrip(pen, colours, span, sizes, trace, top, height, () =>
          drawRules(pen, colours, span, rules, top, top + height),
        )
        if (look.phone) drawName(pen, look, trace, top, groundAt(colours, span, 0))
        for (const selection of selections.filter(({ lane }) => lane === i))
          drawSelection(pen, colours, span, trace, selection, top + height * sizes.server, top + height * sizes.browser)
      }
      drawFolds(pen, colours, span, first.top, bottom, 12 * unit)
      drawEnds(pen, look, sizes, span)
      drawNow(pen, colours, span, first.top, bottom)
      drawRuleLabels(
        pen,
        colours,
        span,
        rules,
        chosen,
        fontOf,
        first.top - (span.bands.length > 0 ? RIBBON_PX + 4 : 6) * unit,
      )
      drawBandNames(pen, colours, span, first.top, bottom, first.top - (look.phone ? 20 : 24) * unit, 12 * unit)
      drawAxis(pen, colours, span, origin, bottom, 12 * unit)
    },
  }
}

function sizesOf({ phone, unit }: Look): StripSizes {
  if (phone) return { server: 0.46, browser: 0.84, edge: 3, bar: 2.5, room: 13, carry: 2, dot: 4.5, text: 0 }
  return {
    server: 0.29,
    browser: 0.76,
    edge: 3 * unit,
    bar: 3 * unit,
    room: 20 * unit,
    carry: 2 * unit,
    dot: 5 * unit,
    text: 12 * unit,
  }
}

function drawName(pen: Pen, { colours, unit }: Look, { name }: Trace, top: number, ground: string): void {
  const label = LABELS[name]
  pen.fillStyle = ground
  pen.fillRect(0, top + 3, textWidth(pen, `600 ${12 * unit}px ${colours.font}`, label) + 26 * unit, 18 * unit)
  pen.beginPath()
  addShape(pen, name, 8 * unit, top + 12 * unit, 5.5 * unit)
  pen.fillStyle = colours.lanes[name]
  pen.fill()
  pen.fillStyle = colours.ink
  pen.textAlign = 'left'
  pen.textBaseline = 'alphabetic'
  pen.fillText(label, 19 * unit, top + 16 * unit)
}

function drawSelection(
  pen: Pen,
  colours: Colours,
  span: Span,
  trace: Trace,
  { mark }: Selection,
  serverY: number,
  browserY: number,
): void {
  const [fromMs, toMs] = boundsOf(mark, trace, span.nowMs)
  const left = Math.max(1, xAt(span, fromMs) - 5)
  const right = Math.min(span.width, xAt(span, toMs)) + 5
  if (right < left) return
  pen.lineWidth = 1.5
  pen.strokeStyle = colours.ink
  pen.strokeRect(left, serverY - 7, right - left, browserY - serverY + 14)
}

function drawEnds(pen: Pen, { colours, unit, rows }: Look, { server, browser }: StripSizes, { width }: Span): void {
  pen.font = `${12 * unit}px ${colours.font}`
  pen.fillStyle = colours.ink2
  pen.textAlign = 'left'
  pen.textBaseline = 'middle'
  for (const { top, height } of rows) {
    pen.fillText('server', width + 8, top + height * server + 0.5)
    pen.fillText('browser', width + 8, top + height * browser + 0.5)
  }
}

function drawNow(pen: Pen, colours: Colours, span: Span, top: number, bottom: number): void {
  const x = Math.round(Math.min(span.width, xAt(span, span.nowMs))) + 0.5
  pen.beginPath()
  pen.moveTo(x, top)
  pen.lineTo(x, bottom)
  pen.lineWidth = 1
  pen.strokeStyle = colours.ink
  pen.stroke()
}
