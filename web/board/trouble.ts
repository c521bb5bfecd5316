/**
 * Draws a band above the board if the page cannot reach the server, or if the server refuses changes. Draws nothing
 * otherwise.
 */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { BoardSession } from './session.ts'

export function trouble({
  trouble,
  unreachable,
  isAnswered,
  isSignedOut,
  unsent,
  board,
  line,
}: BoardSession): TemplateResult | typeof nothing {
  const waiting = unsent === 0 ? '' : ` ${unsent === 1 ? '1 change waits' : `${unsent} changes wait`} and will be sent.`
  if (isSignedOut)
    return html`<p class="trouble" role="alert">
      <b>You are signed out.</b>
      <a href="/sign-in.html?next=${encodeURIComponent(location.pathname + location.search)}" target="_blank"
        >Sign in</a
      >
      in another tab. Then this board continues from its current state.${waiting}
    </p>`
  const isLive = board !== null && line.isLive
  // While events arrive, the page can reach the server.
  const why = isLive && trouble !== '' && !isAnswered ? 'the server does not answer them' : unreachable || trouble
  if (why === '') return nothing
  const what = isLive
    ? 'The changes are not saved:'
    : isAnswered && unreachable === ''
      ? 'The server answers with an error:'
      : 'The server does not answer:'
  return html`<p class="trouble" role="alert">
    <b>${what}</b> ${why}. The page keeps trying${board ? ', and you can continue to work' : ''}.${waiting}
  </p>`
}
