/** The remote: the scene and its step, and two buttons that fill the phone. Nothing is confirmed. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { Scene, ShowState } from '../../server/protocol/show.ts'
import { trouble } from '../page/trouble.ts'
import { takeOverQuestion } from '../show/drive.ts'
import { isForElement, showKey } from '../show/keys.ts'
import { MovingPage } from '../show/moving-page.ts'
import { rightsNotice } from '../show/rights.ts'
import { STEP_NAMES, actText, nextPlace, numberOf, previousPlace, sceneOf } from '../show/steps.ts'
import { votedText } from '../show/votes.ts'

const TOLD_MS = 6000

export class RemotePage extends MovingPage {
  constructor() {
    super(TOLD_MS)
  }

  protected override render(): TemplateResult {
    const { session, scenes, state } = this.show
    const scene = state && sceneOf(scenes, state)
    return html`${session ? trouble(session) : nothing} ${session ? rightsNotice(session) : nothing}
      <main class="remote">
        ${state && scene ? this.#buttons(scene, state) : html`<h1>The remote waits for the server.</h1>`}
        <p class="said" role="status">${this.said}</p>
      </main>
      ${takeOverQuestion(this.drive)}`
  }

  #buttons(scene: Scene, state: ShowState): TemplateResult {
    const { scenes } = this.show
    const next = nextPlace(scenes, state)
    const back = previousPlace(scenes, state)
    const number = numberOf(scenes, scene.id)
    return html`<h1>${number === null ? '' : `${number} `}${scene.title}</h1>
      <p role="status">
        <b class="alarm">${STEP_NAMES[state.step]}</b> ${scene.answers.length > 0 ? votedText(state) : ''}
      </p>
      <button class="button next" type="button" ?disabled=${next === null} @click=${() => this.drive.go(next)}>
        ${next ? actText(scenes, state, next) : 'This is the end'}
      </button>
      <button class="button back" type="button" ?disabled=${back === null} @click=${() => this.drive.go(back)}>
        Back
      </button>`
  }

  protected override pressed(event: KeyboardEvent): void {
    if (this.drive.pending !== null && (event.key === 'Enter' || event.key === 'Escape')) {
      event.preventDefault()
      return event.key === 'Enter' ? this.drive.takeOver() : this.drive.cancel()
    }
    const key = isForElement(event) ? null : showKey(event)
    if (key && this.drive.press(key)) event.preventDefault()
  }
}

customElements.define('fw-remote', RemotePage)
