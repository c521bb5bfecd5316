/** Who is in the room, and who types: one line between what was said and what one says. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { whoIsHere, whoTypes } from '../state/presence.ts'
import type { Session } from '../state/session.ts'

export function who({ presence, person }: Session): TemplateResult | typeof nothing {
  if (!person) return nothing
  if (!presence) return html`<p class="attendance"></p>`
  const here = whoIsHere(presence, person.userId)
  const typing = whoTypes(presence, person.userId)
  return html`<p class="attendance">
    <span class="here" title=${here}><b>${presence.people}</b> here: <bdi>${here}</bdi></span
    ><span class="typing" title=${typing}><bdi>${typing}</bdi></span>
  </p>`
}
