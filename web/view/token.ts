/** Where one becomes the instructor on another machine than the server's own. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { Session } from '../state/session.ts'
import { HELP } from './words.ts'

/** Nothing for who is the instructor already. */
export function tokenForm(session: Session): TemplateResult | typeof nothing {
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

/** Are there controls that only somebody else may use? */
export function isForOthers({ instructor, ratePerSecond }: Session): boolean {
  return ratePerSecond !== null && !instructor
}
