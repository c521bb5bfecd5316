/** The address of the class, the files of the show, and the next class. */
import { html } from 'lit'
import type { TemplateResult } from 'lit'
import type { ShowState } from '../../server/protocol/show.ts'
import type { Drive } from '../show/drive.ts'

export interface Confirmation {
  readonly isConfirming: boolean
  confirm(isConfirming: boolean): void
}

export function classPanel(
  { room, addresses, address }: ShowState,
  drive: Drive,
  confirmation: Confirmation,
): TemplateResult {
  const pick = ({ target }: Event): void => {
    if (target instanceof HTMLSelectElement) drive.want({ say: 'stage', address: Number(target.value) })
  }
  return html`<h2>The class</h2>
    ${
      addresses.length === 0
        ? html`<p class="dim">No phone can reach this server. Start it with <code>npm start -- --lan</code>.</p>`
        : html`<p>
            <label for="address">Address on the stage</label>
            <select id="address" class="select" @change=${pick}>
              ${addresses.map((text, i) => html`<option value=${i} ?selected=${i === address}>${text.replace(/^https?:\/\//, '')}</option>`)}
            </select>
          </p>`
    }
    <p class="links">
      <a href="/stage" target="_blank">Stage</a> <a href="/remote" target="_blank">Remote</a>
      <a href="/stage/sheet" target="_blank">Sheet</a> <a href="/stage/session.json" download>Session (JSON)</a>
      <a href="/stage/session.csv" download>Session (CSV)</a>
    </p>
    ${nextClass(room, drive, confirmation)}`
}

function nextClass(room: string, drive: Drive, { isConfirming, confirm }: Confirmation): TemplateResult {
  if (!isConfirming)
    return html`<p>
      <button class="button" type="button" @click=${() => confirm(true)}>Next class</button>
      <span class="dim">This is ${room}.</span>
    </p>`
  const begin = (): void => {
    confirm(false)
    drive.want({ say: 'next class' })
  }
  return html`<p role="alertdialog" aria-label="Next class">
    The next class begins with empty seats and the first scene. The links to the session then lead to the next class, so
    first save the files of ${room} that you need.
    <button class="button" type="button" @click=${begin}>Begin the next class</button>
    <button class="button" type="button" @click=${() => confirm(false)}>Stay</button>
  </p>`
}
