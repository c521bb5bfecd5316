/** Draws the class: a row for each transport, every seat as a mark, and the median of the class. */
import { html, nothing, svg } from 'lit'
import type { SVGTemplateResult, TemplateResult } from 'lit'
import { shapesPath } from '../drawing/shape-path.ts'
import { LABELS, USUAL } from '../lane/order.ts'
import { shape } from '../lane/shape.ts'
import { milliseconds, plural, plusMinus } from '../page/format.ts'
import type { StageFacts } from './facts.ts'
import { delayText } from './figures.ts'
import { code } from './frame.ts'
import { rem } from './prediction-view.ts'
import { drawRoom } from './room.ts'
import type { RoomPicture, SeatRow } from './room.ts'

const WIDTH = 968
const LEFT = 256
const RIGHT = 700
const REFUSED = [738, 822] as const
/** Height of the row of labels below the axis. */
const AXIS = 40

export function roomView(facts: StageFacts, height: number): TemplateResult {
  const { seats, state } = facts
  const rowHeight = (height - AXIS) / USUAL.length
  const room = drawRoom(USUAL, seats, { left: LEFT, right: RIGHT, refused: REFUSED, rowHeight })
  return html`<div class="room" .style=${`--row: ${rem(rowHeight)}`}>
    <div class="rows">
      <svg viewBox=${`0 0 ${WIDTH} ${height}`} role="img" aria-label=${spokenRoom(room)}>
        <defs>
          <pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <path class="hatch" d="M0 0V8" />
          </pattern>
        </defs>
        <rect class="refused" x=${REFUSED[0]} y="0" width=${REFUSED[1] - REFUSED[0]} height=${height - AXIS} />
        <path
          class="grid"
          d=${room.ticks.map(({ x }) => `M${x} 0V${height - AXIS}`).join('') + room.rows.map((_, i) => `M0 ${i * rowHeight}H${WIDTH}`).join('')}
        />
        ${room.rows.map((row) => marks(row, room.r))}
        ${room.ticks.map(({ x, text }) => svg`<text x=${x} y=${height - 10}>${text}</text>`)}
        <text x=${(REFUSED[0] + REFUSED[1]) / 2} y=${height - 10}>refused</text>
      </svg>
      ${room.rows.map((row) => rowText(row))}
    </div>
    <aside>
      ${facts.isReplay ? nothing : code(state)}
      <p>${room.reported} of ${plural(seats.length, 'seat')}</p>
      <p>${room.lost} lost</p>
      <p>${room.doubled} doubled</p>
      <p>clocks ${plusMinus(room.boundMs)} ms</p>
    </aside>
  </div>`
}

function marks({ lane, marks, refusedMarks }: SeatRow, r: number): SVGTemplateResult {
  return svg`<path class="marks" data-lane=${lane} d=${shapesPath(lane, marks, r)} />
    <path class="hollow" data-lane=${lane} d=${shapesPath(lane, refusedMarks, r)} />
    ${marks.filter(({ isRinged }) => isRinged).map(({ x, y }) => svg`<circle class="ring" cx=${x} cy=${y} r=${r * 1.7} />`)}`
}

function rowText({ lane, carried, fellBackHere, refused, medianMs, lost }: SeatRow): TemplateResult {
  const phones = fellBackHere > 0 || refused > 0 ? String(carried) : plural(carried, 'phone')
  const remark = fellBackHere > 0 ? ` · ${fellBackHere} fell back here` : refused > 0 ? ` · ${refused} refused` : ''
  const [median, unit] = delayText(medianMs)
  return html`<section class="row" aria-label=${LABELS[lane]}>
    <h2>${shape(lane)} ${LABELS[lane]}</h2>
    <p class="phones">${phones}${remark}</p>
    <p class="big">${median}<small>${unit}</small></p>
    <p class="lost">${lost} lost</p>
  </section>`
}

function spokenRoom({ rows, reported, phones }: RoomPicture): string {
  const each = rows.map(
    ({ lane, medianMs, reported: n }) => `${LABELS[lane]}: ${n} phones, median ${milliseconds(medianMs)} ms`,
  )
  return `Typical delay of ${reported} of ${phones} phones. ${each.join('. ')}.`
}
