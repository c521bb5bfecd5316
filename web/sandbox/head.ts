/** Draws the head of the page: what the page shows, the name of the room, and links to other pages. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { now } from '../now.ts'
import { USUAL } from '../lane/order.ts'
import type { SessionActs, SessionFacts } from '../session/session.ts'
import { plusMinus } from '../page/format.ts'
import { shape } from '../lane/shape.ts'
import { isForOthers } from './token.ts'
import { HELP, OTHER_PAGES, titleOf } from '../drawing/words.ts'

export interface HeadActs {
  help(): void
  settings(): void
  people(): void
  signOut(): void
  theme(): void
}

export function head(session: SessionFacts & SessionActs, theme: 'light' | 'dark', acts: HeadActs): TemplateResult {
  return html`<header class="top">
    <a class="mark" href="/"><span class="set">${USUAL.map((name) => shape(name))}</span>Fourwire</a>
    <h1 class="claim">${titleOf(session.lanes.length)}</h1>
    <p class="facts">
      <span class="opt">room <b>${session.room}</b></span
      ><span class="opt here"><b>${session.presence?.people ?? session.here ?? '–'}</b> here</span>
      <span class="clock" title=${HELP.clock}>clock <b>${plusMinus(session.clock.at(now())?.boundMs)} ms</b></span>
    </p>
    <nav aria-label="Page">
      ${isForOthers(session) ? html`<button class="link" type="button" title=${HELP.notInstructor} @click=${acts.settings}>Instructor</button>` : nothing}
      ${session.instructor ? html`<button class="link" type="button" title=${HELP.people} @click=${acts.people}>Class</button>` : nothing}
      ${OTHER_PAGES.map(([path, name]) => html`<a class="link" href=${path}>${name}</a>`)}
      <button class="link" type="button" @click=${acts.help}>How to read</button>
      ${session.signedInAs === null ? nothing : html`<button class="link" type="button" title=${`Signed in as ${session.signedInAs}`} @click=${acts.signOut}>Sign out</button>`}
      <button class="link theme" type="button" @click=${acts.theme}>${theme === 'dark' ? 'Light' : 'Dark'}</button>
    </nav>
    <button class="button more" type="button" @click=${acts.settings}>Settings</button>
  </header>`
}
