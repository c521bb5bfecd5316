/** Everything that a phone has no room for, on a sheet of its own. */
import { html } from 'lit'
import type { TemplateResult } from 'lit'
import type { Session } from '../state/session.ts'
import { INTERVALS_MS, WAITS_S } from '../state/address.ts'
import { breakControl, networkControl, rateControl, timeControl } from './bar.ts'
import type { Controls } from './controls.ts'
import { choice } from './choice.ts'
import { figuresTable } from './table.ts'
import { tokenForm } from './token.ts'
import { OTHER_PAGES } from './words.ts'

export function settings(
  session: Session,
  controls: Controls,
  tools: TemplateResult,
  theme: 'light' | 'dark',
  toggleTheme: () => void,
): TemplateResult {
  return html`<div class="settings">
    ${tokenForm(session)}
    <p>${rateControl(session, 'rate-sheet')}</p>
    <p>${networkControl(session, 'network-sheet', () => controls.open({ network: true }))}</p>
    <p>${breakControl(session)}</p>
    <p>
      Short polling asks every
      ${choice(
        'Poll interval',
        INTERVALS_MS,
        session.intervalMs,
        (ms) => `${ms / 1000} s`,
        (ms) => session.setInterval(ms),
      )}
    </p>
    <p>
      Long polling is held up to
      ${choice(
        'Longest hold',
        WAITS_S,
        session.waitS,
        (s) => `${s} s`,
        (s) => session.setWait(s),
      )}
    </p>
    <p>${timeControl((factor) => controls.zoomBy(factor))}</p>
    <p class="acts">
      <button class="button" type="button" @click=${() => controls.pause()}>Pause or go on</button>
      <button class="button" type="button" @click=${toggleTheme}>${theme === 'dark' ? 'Light' : 'Dark'}</button>
      <button class="button" type="button" @click=${() => controls.open({ help: true })}>How to read</button>
    </p>
    <nav class="tools" aria-label="Other pages">
      ${OTHER_PAGES.map(([path, name]) => html`<a class="link" href=${path}>${name}</a>`)}
    </nav>
    <h3>All figures</h3>
    ${figuresTable(session)}
    <p class="tools">${tools}</p>
  </div>`
}
