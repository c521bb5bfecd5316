/** Draws how to join: the code and the address, how many are here, and the seats whose network stops a transport. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { Seat } from '../../server/protocol/show.ts'
import { LABELS, USUAL } from '../lane/order.ts'
import type { StageFacts } from './facts.ts'
import { code, shownAddress } from './frame.ts'
import { troublesOf } from './room.ts'

const MOST_LISTED = 4

export function joinView({ seats, state, isReplay }: StageFacts): TemplateResult {
  const troubled = seats.filter((seat) => troublesOf(seat.preflight, LABELS) !== '')
  return html`<div class="joining">
    ${isReplay ? html`<p class="code">A recording has no QR code.</p>` : code(state)}
    <div>
      <p>Open on your phone</p>
      <p class="long">${shownAddress(state)}</p>
      <p class="count"><b>${state.here}</b> joined</p>
      <p>${throughText(seats)}</p>
      ${
        troubled.length === 0
          ? nothing
          : html`<ul aria-label="Seats whose network stops a transport">
              ${troubled.slice(0, MOST_LISTED).map((seat) => html`<li>${seatName(seat)}: ${troublesOf(seat.preflight, LABELS)}</li>`)}
              ${troubled.length > MOST_LISTED ? html`<li>and ${troubled.length - MOST_LISTED} more: press t</li>` : nothing}
            </ul>`
      }
    </div>
  </div>`
}

/** Says how many networks let everything through, and how many refuse which transport. */
function throughText(seats: readonly Seat[]): string {
  const checked = seats.filter(({ preflight }) => preflight.length > 0)
  if (checked.length === 0) return ''
  const all = checked.filter(({ preflight }) => preflight.every(({ found }) => found === 'works')).length
  const without = USUAL.flatMap((lane) => {
    const count = checked.filter(({ preflight }) =>
      preflight.some(({ transport, found }) => transport === lane && found !== 'works'),
    ).length
    return count > 0 ? [`${count} without ${LABELS[lane]}`] : []
  })
  return [`${all} with all ${USUAL.length}`, ...without].join(' · ')
}

export const seatName = ({ seat, name }: Pick<Seat, 'seat' | 'name'>): string => name || `seat ${seat}`
