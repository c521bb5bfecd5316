/** Draws the line between the chat and the form, which names the people present and the people who type. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { whoIsHere, whoTypes } from './presence.ts'
import type { SessionFacts } from '../session/session.ts'

export function who({ presence, person, unreachableSinceMs }: SessionFacts): TemplateResult | typeof nothing {
  if (!person) return nothing
  // While the page has no list from the server, or cannot reach the server, people may have left, so the line is empty.
  if (!presence || unreachableSinceMs !== null) return html`<p class="attendance"></p>`
  const here = whoIsHere(presence, person.userId)
  const typing = whoTypes(presence, person.userId)
  return html`<p class="attendance">
    <span class="here" title=${here}><b>${presence.people}</b> here: <bdi>${here}</bdi></span
    ><span class="typing" title=${typing}><bdi>${typing}</bdi></span>
  </p>`
}
