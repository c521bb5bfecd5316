/** Lists all transports. In this list, a person adds a transport's lane to the page or removes it. */
import { html } from 'lit'
import type { TemplateResult } from 'lit'
import { shape } from '../lane/shape.ts'
import type { SessionActs, SessionFacts } from '../session/session.ts'
import { transports } from '../transports/index.ts'

/** Draws the *+* button and its list. */
export function laneMenu(session: SessionFacts & SessionActs): TemplateResult {
  return html`<details class="lane-menu" @keydown=${closeByKey} @focusout=${closeOutside}>
    <summary class="link" aria-label="Add or remove lanes" title="Add or remove lanes">+</summary>
    ${laneList(session)}
  </details>`
}

export function laneList(session: SessionFacts & SessionActs): TemplateResult {
  const shown = session.lanes.map(({ transport }) => transport)
  return html`<ul class="lane-list" aria-label="Lanes on the page">
    ${Object.values(transports).map(({ name, label }) => {
      const isShown = shown.includes(name)
      const change = ({ target }: Event): void => {
        if (target instanceof HTMLInputElement) session.show(name, target.checked)
      }
      return html`<li>
        <label>
          <input
            type="checkbox"
            .checked=${isShown}
            ?disabled=${isShown && shown.length === 1}
            title=${isShown && shown.length === 1 ? 'The last lane cannot be removed.' : ''}
            @change=${change}
          />
          ${shape(name)} ${label}
        </label>
      </li>`
    })}
  </ul>`
}

function closeByKey({ key, currentTarget }: KeyboardEvent): void {
  if (key !== 'Escape' || !(currentTarget instanceof HTMLDetailsElement)) return
  currentTarget.open = false
  currentTarget.querySelector('summary')?.focus()
}

function closeOutside({ relatedTarget, currentTarget }: FocusEvent): void {
  if (!(currentTarget instanceof HTMLDetailsElement)) return
  if (relatedTarget instanceof Node && !currentTarget.contains(relatedTarget)) currentTarget.open = false
}
