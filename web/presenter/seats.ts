/** The seats of the class, with the acts of moderation. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { Preflight, Seat, ShowState } from '../../server/protocol/show.ts'
import { LABELS } from '../lane/order.ts'
import { milliseconds } from '../page/format.ts'
import type { Drive } from '../show/drive.ts'
import type { FollowedShow } from '../show/follow.ts'

export function seatsPanel(
  seats: readonly Seat[],
  { names, here }: ShowState,
  show: Pick<FollowedShow, 'say'>,
  drive: Drive,
): TemplateResult {
  return html`<section class="seats" aria-label="Seats">
    <p class="line">
      <b>${here} of ${seats.length} seats are here</b>
      <button
        class="button stays"
        type="button"
        aria-pressed=${names}
        @click=${() => drive.want({ say: 'stage', names: !names })}
      >
        Names on the stage
      </button>
    </p>
    ${seats.length === 0 ? html`<p class="dim">Nobody has joined yet.</p>` : table(seats, show)}
  </section>`
}

function table(seats: readonly Seat[], { say }: Pick<FollowedShow, 'say'>): TemplateResult {
  return html`<table>
    <thead>
      <tr>
        ${['Seat', 'Name', 'Transport', 'Delay, ms', 'Remarks'].map((text) => html`<th scope="col">${text}</th>`)}
        <th scope="col"><span class="vh">Moderation</span></th>
      </tr>
    </thead>
    <tbody>
      ${seats.map(
        (seat) =>
          html`<tr>
            <th scope="row">${seat.seat}</th>
            <td>${seat.name || '–'}${seat.muted ? html` <b class="alarm">muted</b>` : nothing}</td>
            <td>${LABELS[seat.report?.transport ?? seat.dealt]}</td>
            <td>${milliseconds(seat.report?.p50Ms)}</td>
            <td>${remarks(seat)}</td>
            <td class="acts">
              <button
                class="link"
                type="button"
                aria-label=${`${seat.muted ? 'Unmute' : 'Mute'} seat ${seat.seat}`}
                @click=${() => say({ say: seat.muted ? 'unmute' : 'mute', seat: seat.seat })}
              >
                ${seat.muted ? 'Unmute' : 'Mute'}
              </button>
              <button
                class="link"
                type="button"
                aria-label=${`Remove seat ${seat.seat}`}
                @click=${() => say({ say: 'remove', seat: seat.seat })}
              >
                Remove
              </button>
            </td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

function remarks({ here, fellBack, preflight }: Seat): string {
  return [here ? '' : 'away', fellBack ?? '', ...preflight.map(found)].filter((text) => text !== '').join('; ')
}

function found({ transport, found: how, status }: Preflight): string {
  return how === 'works' ? '' : `${LABELS[transport]} ${how}${status === undefined ? '' : ` (${status})`}`
}
