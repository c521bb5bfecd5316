/** Form with which a person becomes the instructor on another machine than the server's. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { SessionActs, SessionFacts } from '../session/session.ts'
import { HELP } from '../drawing/words.ts'

/** Draws the form; nothing if the person is the instructor already. */
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

/** Reports whether the page has controls that only the instructor may use. */
export function isForOthers({ instructor, ratePerSecond }: SessionFacts & SessionActs): boolean {
  return ratePerSecond !== null && !instructor
}
