/** Draws the head of a board: its name, the people present, and the name of the person at the screen. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { BoardSession } from './session.ts'

export interface TopActs {
  go(board: string): void
  rename(name: string): void
  undo(): void
  redo(): void
}

const LONGEST_NAME = 40

export function top(session: BoardSession, isSignedIn: boolean, acts: TopActs): TemplateResult {
  const { room, person } = session
  return html`<section class="top" aria-label="Board">
    <h1>Board <bdi>${room}</bdi></h1>
    <form
      class="control go"
      @submit=${(event: SubmitEvent) => {
        event.preventDefault()
        if (event.currentTarget instanceof HTMLFormElement)
          acts.go(String(new FormData(event.currentTarget).get('board')))
      }}
    >
      <input
        class="field"
        name="board"
        aria-label="Another board"
        placeholder="Another board"
        autocomplete="off"
        maxlength="32"
      />
      <button class="button">Open</button>
    </form>
    <label class="control me">
      <span class="dim">Your name</span>
      <input
        class="field"
        name="name"
        autocomplete="nickname"
        maxlength=${LONGEST_NAME}
        .value=${person.name}
        ?disabled=${isSignedIn}
        @change=${({ target }: Event) => target instanceof HTMLInputElement && acts.rename(target.value.trim())}
      />
    </label>
    <span class="control steps">
      <button type="button" class="button" ?disabled=${!session.canUndo} title="Ctrl+Z" @click=${acts.undo}>
        Undo
      </button>
      <button type="button" class="button" ?disabled=${!session.canRedo} title="Ctrl+Shift+Z" @click=${acts.redo}>
        Redo
      </button>
    </span>
    <a class="link to-lesson" href="/lessons/18-capstone-task-board">Lesson 18</a>
  </section>`
}

/** Lists the people present, and marks the people who type. */
export function people({ presence, person, unreachable }: BoardSession): TemplateResult | typeof nothing {
  if (!presence || unreachable !== '') return nothing
  const { here, typing, people } = presence
  return html`<ul class="people" aria-label="Here now">
    ${here.map(
      ({ userId, name, tabs }) =>
        html`<li class=${typing.includes(userId) ? 'writes' : ''}>
          <bdi>${name}</bdi
          >${userId === person.userId ? html`<span class="dim"> (you)</span>` : nothing}${tabs > 1 ? html`<span class="dim"> ×${tabs}</span>` : nothing}${typing.includes(userId) ? html`<span class="dim"> is typing</span>` : nothing}
        </li>`,
    )}
    ${people > here.length ? html`<li class="dim">and ${people - here.length} more</li>` : nothing}
  </ul>`
}
