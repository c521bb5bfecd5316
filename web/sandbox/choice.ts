import { html } from 'lit'
import type { TemplateResult } from 'lit'
import type { SessionActs, SessionFacts } from '../session/session.ts'
import type { Setting } from '../transports/transport.ts'

/** Draws a select element inside a sentence. With it, a reader changes a setting of a transport. */
export function settingControl(session: SessionFacts & SessionActs, setting: Setting): TemplateResult {
  const { name, label, choices, perSecond } = setting
  const changed = ({ target }: Event): void => {
    if (target instanceof HTMLSelectElement) session.set(setting, Number(target.value))
  }
  return html`<select class="choice" aria-label=${label} @change=${changed}>
    ${choices.map((value) => html`<option value=${value} ?selected=${value === session[name]}>${value / perSecond} s</option>`)}
  </select>`
}
