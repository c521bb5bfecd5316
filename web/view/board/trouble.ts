/** What keeps the board from its server, as a band above it; nothing where all is well. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { BoardSession } from '../../board/session.ts'

export function trouble({ trouble, isSignedOut, unsent, board }: BoardSession): TemplateResult | typeof nothing {
  const waiting = unsent === 0 ? '' : ` ${unsent === 1 ? '1 change waits' : `${unsent} changes wait`} and will be sent.`
  if (!navigator.onLine)
    return html`<p class="trouble" role="alert">
      <b>This browser is offline.</b> The board goes on from where it is.${waiting}
    </p>`
  if (isSignedOut)
    return html`<p class="trouble" role="alert">
      <b>You are signed out.</b>
      <a href="/sign-in.html?next=${encodeURIComponent(location.pathname + location.search)}" target="_blank"
        >Sign in</a
      >
      in another tab: here the board goes on from where it is.${waiting}
    </p>`
  if (trouble === '') return nothing
  return html`<p class="trouble" role="alert">
    <b>The server does not answer:</b> ${trouble}. It is asked again and
    again${board ? ', and you may go on' : ''}.${waiting}
  </p>`
}
