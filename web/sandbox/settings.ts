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

export function settings(
  session: SessionFacts & SessionActs & Forecast,
  controls: Controls,
  tools: TemplateResult,
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
      <button class="button" type="button" @click=${() => controls.open({ help: true })}>How to read</button>
      ${session.instructor ? html`<button class="button" type="button" @click=${() => controls.open({ people: true })}>Class</button>` : nothing}
    </p>
    <h3>All figures</h3>
    ${figuresTable(session)}
    <p class="tools">${tools}</p>
  </div>`
}
