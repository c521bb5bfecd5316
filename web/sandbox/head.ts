/** Draws the sandbox's own part of the head: what the page shows, the name of the room, and what a drawer shows. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { now } from '../now.ts'
import type { SessionActs, SessionFacts } from '../session/session.ts'
import { plusMinus } from '../page/format.ts'
import { isForOthers } from './token.ts'
import { HELP, titleOf } from '../drawing/words.ts'

export interface HeadActs {
  help(): void
  settings(): void
  people(): void
}

export function head(session: SessionFacts & SessionActs, acts: HeadActs): TemplateResult {
  return html`<h1 class="claim">${titleOf(session.lanes.length)}</h1>
    <span class="fact room" title=${`room ${session.room}`}>room <b>${session.room}</b></span>
    <span class="fact clock" title=${HELP.clock}>clock <b>${plusMinus(session.clock.at(now())?.boundMs)} ms</b></span>
    ${isForOthers(session) ? html`<button class="link" type="button" title=${HELP.notInstructor} @click=${acts.settings}>Instructor</button>` : nothing}
    ${session.instructor ? html`<button class="link" type="button" title=${HELP.people} @click=${acts.people}>Class</button>` : nothing}
    <button class="link" type="button" @click=${acts.help}>How to read</button>
    <button class="button more" type="button" @click=${acts.settings}>Settings</button>`
}
