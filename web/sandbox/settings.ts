/** Draws a panel with the settings that have no room on a phone's page. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { Forecast, SessionActs, SessionFacts } from '../session/session.ts'
import { transports } from '../transports/index.ts'
import { breakControl, networkControl, rateControl, timeControl } from './bar.ts'
import type { Controls } from '../page/controls.ts'
import { settingControl } from './choice.ts'
import { laneList } from './lane-menu.ts'
import { figuresTable } from './table.ts'
import { tokenForm } from './token.ts'
import { OTHER_PAGES } from '../drawing/words.ts'

export function settings(
  session: SessionFacts & SessionActs & Forecast,
  controls: Controls,
  tools: TemplateResult,
  theme: 'light' | 'dark',
  toggleTheme: () => void,
  leave: () => void,
): TemplateResult {
  return html`<div class="settings">
    ${tokenForm(session)}
    <p>${rateControl(session, 'rate-sheet')}</p>
    <p>${networkControl(session, 'network-sheet', () => controls.open({ network: true }))}</p>
    <p>${breakControl(session)}</p>
    ${session.lanes.map(({ transport }) => {
      const { label, setting } = transports[transport]
      return setting ? html`<p>${label} ${setting.verb} ${settingControl(session, setting)}</p>` : nothing
    })}
    <h3>Lanes</h3>
    ${laneList(session)}
    <p>${timeControl((factor) => controls.zoomBy(factor))}</p>
    <p class="acts">
      <button class="button" type="button" @click=${() => controls.pause()}>Pause or resume</button>
      <button class="button" type="button" @click=${toggleTheme}>${theme === 'dark' ? 'Light' : 'Dark'}</button>
      <button class="button" type="button" @click=${() => controls.open({ help: true })}>How to read</button>
      ${session.signedInAs === null ? nothing : html`<button class="button" type="button" @click=${leave}>Sign out</button>`}
      ${session.instructor ? html`<button class="button" type="button" @click=${() => controls.open({ people: true })}>Class</button>` : nothing}
    </p>
    <nav class="tools" aria-label="Other pages">
      ${OTHER_PAGES.map(([path, name]) => html`<a class="link" href=${path}>${name}</a>`)}
    </nav>
    <h3>All figures</h3>
    ${figuresTable(session)}
    <p class="tools">${tools}</p>
  </div>`
}
