/** The head of the page: what this is, and where one is. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { now } from '../now.ts'
import { TRANSPORTS } from '../state/order.ts'
import type { Session } from '../state/session.ts'
import { plusMinus } from './format.ts'
import { shape } from './shape.ts'
import { isForOthers } from './token.ts'
import { HELP, OTHER_PAGES, TITLE } from './words.ts'

export interface HeadActs {
  help(): void
  settings(): void
  theme(): void
}

export function head(session: Session, theme: 'light' | 'dark', acts: HeadActs): TemplateResult {
  return html`<header class="top">
    <a class="mark" href="/"><span class="set">${TRANSPORTS.map((name) => shape(name))}</span>Fourwire</a>
    <h1 class="claim">${TITLE}</h1>
    <p class="facts">
      <span class="opt">room <b>${session.room}</b></span
      ><span class="opt here"><b>${session.presence?.people ?? session.here ?? '–'}</b> here</span>
      <span class="clock" title=${HELP.clock}>clock <b>${plusMinus(session.clock.at(now())?.boundMs)} ms</b></span>
    </p>
    <nav aria-label="Page">
      ${isForOthers(session) ? html`<button class="link" type="button" title=${HELP.notInstructor} @click=${acts.settings}>Instructor</button>` : nothing}
      ${OTHER_PAGES.map(([path, name]) => html`<a class="link" href=${path}>${name}</a>`)}
      <button class="link" type="button" @click=${acts.help}>How to read</button>
      <button class="link theme" type="button" @click=${acts.theme}>${theme === 'dark' ? 'Light' : 'Dark'}</button>
    </nav>
    <button class="button more" type="button" @click=${acts.settings}>Settings</button>
  </header>`
}
