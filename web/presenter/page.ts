/** The presenter's page: what the instructor says next, the votes as they come in, the clock, and the class. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { Scene, ShowState } from '../../server/protocol/show.ts'
import { trouble } from '../page/trouble.ts'
import { rightsNotice } from '../show/rights.ts'
import { takeOverQuestion } from '../show/drive.ts'
import { isForElement, showKey } from '../show/keys.ts'
import { MovingPage } from '../show/moving-page.ts'
import { STEP_NAMES, actText, nextPlace, numberOf, previousPlace, runLeftMs, sceneOf } from '../show/steps.ts'
import { classPanel } from './class.ts'
import { clockText, minutesText, sceneTimer } from './clock.ts'
import { seatsPanel } from './seats.ts'
import { settingsText } from './settings.ts'
import { votesPanel } from './votes.ts'

const TOLD_MS = 9000

export class PresenterPage extends MovingPage {
  static override properties = { ...MovingPage.properties, isConfirming: { state: true } }
  /** True while the page asks whether the next class may begin. */
  declare isConfirming: boolean
  readonly #sceneTime = sceneTimer()

  constructor() {
    super(TOLD_MS)
    this.isConfirming = false
  }

  protected override render(): TemplateResult {
    const { session, scenes, state } = this.show
    const scene = state && sceneOf(scenes, state)
    return html`${session ? trouble(session) : nothing} ${session ? rightsNotice(session) : nothing}
      <p class="statusline" role="status">${this.said}</p>
      ${
        state && scene
          ? this.#page(scene, state)
          : html`<main class="waiting">
              <h1>Presenter</h1>
              <p>This page waits for the server.</p>
            </main>`
      }
      ${takeOverQuestion(this.drive)}`
  }

  #page(scene: Scene, state: ShowState): TemplateResult {
    const { scenes, session, seats } = this.show
    const number = numberOf(scenes, scene.id)
    return html`<main class="presenter">
      <section class="now" aria-label="Scene">
        <p class="line">
          <span>${number === null ? '' : `${number} `}${scene.title}</span>
          <b class="alarm" role="status">${STEP_NAMES[state.step]}</b>
          <span>${this.#leftText(scene, state)}</span>
        </p>
        <h1>${scene.question || scene.title}</h1>
        ${this.#buttons(state)} ${votesPanel(scene, state, this.drive)}
        <h2>What to say</h2>
        <ul class="notes">
          ${scene.notes.map((note) => html`<li>${note}</li>`)}
        </ul>
        ${scene.notes.length === 0 && session?.instructor === false ? html`<p class="dim">Only the instructor sees the notes.</p>` : nothing}
        <dl>
          <dt>On the stage while it runs</dt>
          <dd>${scene.look}</dd>
          <dt>The explanation</dt>
          <dd>${scene.explain}</dd>
          <dt>
            ${state.step === 'run' ? 'Settings that apply until the run ends' : 'Settings that apply while it runs'}
          </dt>
          <dd>${settingsText(scene)}</dd>
        </dl>
      </section>
      <section class="hour" aria-label="Hour">
        <p class="clock"><b>${clockText(new Date())}</b> ${this.#timeText(scene, state)}</p>
        <h2>Scenes</h2>
        <ol class="list">
          ${scenes.map((one) => this.#entry(one, state))}
        </ol>
        ${classPanel(state, this.drive, {
          isConfirming: this.isConfirming,
          confirm: (isConfirming) => (this.isConfirming = isConfirming),
        })}
      </section>
      ${seatsPanel(seats, state, this.show, this.drive)}
    </main>`
  }

  #leftText(scene: Scene, state: ShowState): string {
    const leftMs = runLeftMs(scene, state, this.show.serverNowMs())
    if (leftMs === null) return ''
    return leftMs > 0 ? `${Math.ceil(leftMs / 1000)} s left` : 'The time is over'
  }

  #buttons(state: ShowState): TemplateResult {
    const { scenes } = this.show
    const next = nextPlace(scenes, state)
    const back = previousPlace(scenes, state)
    return html`<p class="acts">
      <button class="button next" type="button" ?disabled=${next === null} @click=${() => this.drive.go(next)}>
        ${next ? actText(scenes, state, next) : 'This is the end'}
      </button>
      <button class="button" type="button" ?disabled=${back === null} @click=${() => this.drive.go(back)}>Back</button>
      <button
        class="button stays"
        type="button"
        aria-pressed=${state.blank}
        @click=${() => this.drive.want({ say: 'stage', blank: !state.blank })}
      >
        Blank stage
      </button>
    </p>`
  }

  #timeText(scene: Scene, state: ShowState): TemplateResult {
    const nowMs = this.show.serverNowMs()
    const { scenes } = this.show
    const plannedMin = scenes
      .filter(({ spare = false, id }) => !spare && !state.done.includes(id))
      .reduce((sum, { minutes }) => sum + minutes, 0)
    const inSceneMs = nowMs === null ? null : this.#sceneTime(state, nowMs)
    const isOver = inSceneMs !== null && inSceneMs > scene.minutes * 60_000
    return html`<span class=${isOver ? 'alarm' : ''}
        >${minutesText(inSceneMs)} of ${scene.minutes} min in this scene</span
      >
      <span>${plannedMin} min planned until the end</span>`
  }

  #entry(scene: Scene, state: ShowState): TemplateResult {
    const { scenes } = this.show
    const isPresent = scene.id === state.scene
    return html`<li>
      <button
        class="link"
        type="button"
        aria-current=${isPresent ? 'step' : nothing}
        @click=${() => this.drive.go({ scene: scene.id, step: 'predict' })}
      >
        ${numberOf(scenes, scene.id) ?? '–'} ${scene.title}
      </button>
      <span class="dim"
        >${scene.minutes} min${scene.spare ? ', spare' : ''}${state.done.includes(scene.id) ? ', done' : ''}</span
      >
    </li>`
  }

  protected override pressed(event: KeyboardEvent): void {
    if (this.drive.pending !== null && event.key === 'Enter') {
      event.preventDefault()
      return this.drive.takeOver()
    }
    const key = isForElement(event) ? null : showKey(event)
    if (!key) return
    if (key.is === 'leave') {
      this.drive.cancel()
      this.isConfirming = false
    } else if (!this.drive.press(key)) return
    event.preventDefault()
  }
}

customElements.define('fw-presenter', PresenterPage)
