/**
 * Draws a form for the instructor's token. With the token, a person becomes the instructor on a computer other than the
 * server's.
 */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { SessionActs, SessionFacts } from '../session/session.ts'
import { HELP } from '../drawing/words.ts'

/** Draws the form. Draws nothing if the person is the instructor already. */
export function tokenForm(session: SessionFacts & SessionActs): TemplateResult | typeof nothing {
  if (!isForOthers(session)) return nothing
  const enter = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = event.currentTarget
    if (!(form instanceof HTMLFormElement)) return
    const token = String(new FormData(form).get('token')).trim()
    if (token !== '') session.claim(token)
  }
  return html`<form class="control token" @submit=${enter}>
    <label class="label" for="token">Instructor’s token</label>
    <input id="token" name="token" class="field" type="password" autocomplete="off" aria-describedby="token-help" />
    <button class="button">Enter</button>
    <span class="small dim" id="token-help">${session.refusal ?? HELP.token}</span>
  </form>`
}

/** Reports whether some controls of the page are disabled because only the instructor may use them. */
export function isForOthers({ instructor, ratePerSecond }: SessionFacts & SessionActs): boolean {
  return ratePerSecond !== null && !instructor
}
