/** The stage: draws the present step of the show. What it shows depends only on the facts, the lanes and its own keys. */
import { LitElement, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { LaneFigures } from '../../server/protocol/show.ts'
import { readLightColours } from '../drawing/colours.ts'
import type { Colours } from '../drawing/colours.ts'
import type { Controls } from '../page/controls.ts'
import { forced } from '../page/media.ts'
import { trouble } from '../page/trouble.ts'
import { takeOverQuestion } from '../show/drive.ts'
import type { Drive } from '../show/drive.ts'
import type { FollowedShow } from '../show/follow.ts'
import { KEY_WORDS, isForElement, showKey } from '../show/keys.ts'
import { runLeftMs, sceneOf } from '../show/steps.ts'
import { answersView } from './answers-view.ts'
import { bytesView } from './bytes-view.ts'
import { exchangeView } from './exchange-view.ts'
import { layoutOf, shownSeats } from './facts.ts'
import type { Layout, StageFacts } from './facts.ts'
import { measure } from './figures.ts'
import { code, foot, head, sentence, spoken } from './frame.ts'
import { joinView } from './join-view.ts'
import { lanesView } from './lanes-view.ts'
import { drawPrediction } from './prediction.ts'
import { predictionView, rem } from './prediction-view.ts'
import { roomView } from './room-view.ts'
import { tables } from './table.ts'

const TOLD_MS = 6000

export class StagePage extends LitElement implements Controls {
  static override properties = {
    show: { attribute: false },
    drive: { attribute: false },
    isReplay: { attribute: false },
    lanes: { attribute: false },
    tick: { state: true },
    colours: { state: true },
    shown: { state: true },
    said: { state: true },
  }
  declare show: FollowedShow
  declare drive: Drive
  /** True if the pictures come from a saved file. */
  declare isReplay: boolean
  /** Figures of the lanes in the present scene. */
  declare lanes: readonly LaneFigures[]
  /** Counter that makes the page draw again when the counter changes. */
  declare tick: number
  declare colours: Colours | undefined
  /** What covers the picture; null if nothing does. */
  declare shown: 'table' | 'help' | null
  declare said: string
  #saidTimer: ReturnType<typeof setTimeout> | undefined
  readonly #stop = new AbortController()

  constructor() {
    super()
    this.isReplay = false
    this.lanes = []
    this.tick = 0
    this.shown = null
    this.said = ''
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  override connectedCallback(): void {
    super.connectedCallback()
    const { signal } = this.#stop
    const recolour = (): void => void (this.colours = readLightColours())
    forced.addEventListener('change', recolour, { signal })
    addEventListener('keydown', this.#key, { signal })
    recolour()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#stop.abort()
    clearTimeout(this.#saidTimer)
  }

  say(sentence: string): void {
    this.said = sentence
    clearTimeout(this.#saidTimer)
    this.#saidTimer = setTimeout(() => (this.said = ''), TOLD_MS)
  }

  readOut(): void {}

  pause(): void {}

  zoomBy(): number {
    return 1
  }

  open(): void {}

  close(): void {
    this.shown = null
    this.drive.cancel()
  }

  /** Makes the page draw now. */
  refresh(): void {
    this.tick++
  }

  protected override render(): TemplateResult {
    const facts = this.#facts()
    const { session } = this.show
    const bar = session ? trouble(session) : nothing
    if (!facts)
      return html`${bar}
        <main class="stage waiting"><h1>The stage waits for the server.</h1></main>`
    const { state } = facts
    return html`${bar}
      <main class=${state.blank ? 'stage blank' : 'stage'} data-step=${state.step} data-view=${facts.scene.view}>
        ${state.blank ? nothing : this.#picture(facts)}
      </main>
      <p class="vh" role="status">${state.blank ? 'The stage is blank.' : spoken(facts)}</p>
      ${this.said === '' ? nothing : html`<p class="told" role="status">${this.said}</p>`}
      ${takeOverQuestion(this.drive)} ${this.shown === 'help' ? this.#help() : nothing}
      ${this.shown === 'table' ? tables(facts, () => this.close()) : nothing}`
  }

  #facts(): StageFacts | null {
    const { show, lanes, isReplay } = this
    const { scenes, state, seats } = show
    const scene = state && sceneOf(scenes, state)
    if (!state || !scene) return null
    const leftMs = isReplay ? null : runLeftMs(scene, state, show.serverNowMs())
    return { scenes, scene, state, seats: shownSeats(seats, state), lanes, leftMs, isReplay }
  }

  #picture(facts: StageFacts): TemplateResult {
    const { scene, state } = facts
    const layout = layoutOf(scene, state)
    const hasOwnCode = scene.view === 'join' || (scene.view === 'room' && layout.picture > 0)
    return html`${head(facts)}
      <div class="middle">
        ${layout.picture > 0 ? html`<div class="picture" .style=${`height: ${rem(layout.picture)}`}>${this.#view(facts, layout)}</div>` : nothing}
        ${layout.answers > 0 ? html`<div class="said-and-is" .style=${`height: ${rem(layout.answers)}`}>${this.#answers(facts, layout)}</div>` : nothing}
      </div>
      ${sentence(facts)} ${foot(facts, (one) => this.drive.go({ scene: one.id, step: 'predict' }))}
      ${hasOwnCode || facts.isReplay ? nothing : code(state)}`
  }

  #view(facts: StageFacts, { picture, row }: Layout): TemplateResult {
    const { session } = this.show
    const { colours, tick } = this
    switch (facts.scene.view) {
      case 'lanes':
        return lanesView(facts, row, session && colours ? { session, colours, controls: this } : null)
      case 'bytes':
        return bytesView(facts, row)
      case 'exchange':
        return exchangeView(facts, session && { session, controls: this, tick })
      case 'room':
        return roomView(facts, picture)
      case 'join':
        return joinView(facts)
    }
  }

  #answers(facts: StageFacts, { answers }: Layout): TemplateResult {
    const { scene, state, lanes, seats } = facts
    const found = scene.figure && measure(scene.figure, lanes, seats)
    const isCompact = scene.view === 'room' || scene.view === 'exchange'
    const drawn = found && !isCompact ? drawPrediction(scene, state, found, answers) : null
    return drawn && found ? predictionView(drawn, found, facts) : answersView(facts, answers)
  }

  #help(): TemplateResult {
    return html`<section class="question help" role="dialog" aria-label="Keys">
      <dl>
        ${KEY_WORDS.map(
          ([keys, words]) =>
            html`<dt>${keys}</dt>
              <dd>${words}</dd>`,
        )}
      </dl>
      <p><button class="button" type="button" @click=${() => this.close()}>Close (Esc)</button></p>
    </section>`
  }

  readonly #key = (event: KeyboardEvent): void => {
    if (this.drive.pending !== null && event.key === 'Enter') {
      event.preventDefault()
      return this.drive.takeOver()
    }
    const key = isForElement(event) ? null : showKey(event)
    if (!key) return
    event.preventDefault()
    if (key.is === 'leave') this.close()
    else if (key.is === 'help' || key.is === 'table') this.shown = this.shown === key.is ? null : key.is
    else if (key.is === 'full') void toggleFullScreen()
    else this.drive.press(key)
  }
}

async function toggleFullScreen(): Promise<void> {
  if (document.fullscreenElement) await document.exitFullscreen()
  else await document.documentElement.requestFullscreen()
}

customElements.define('fw-stage', StagePage)
