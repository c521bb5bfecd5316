/** Says what to do on a page that only the instructor can use. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { tokenForm } from '../sandbox/token.ts'
import type { SandboxSession } from '../session/session.ts'

export function rightsNotice(session: SandboxSession): TemplateResult | typeof nothing {
  if (session.instructor || session.ratePerSecond === null) return nothing
  return html`<section class="notice" aria-label="Rights">
    <p>
      <b>Only the instructor moves the show.</b> Open this page with the instructor’s link, which the server printed
      when it started, or enter the token from this link.
    </p>
    ${tokenForm(session)}
  </section>`
}
