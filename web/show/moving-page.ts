/** Base of the pages from which the instructor moves the show: the presenter's page and the remote. It draws nothing. */
import { LitElement } from 'lit'
import type { Drive } from './drive.ts'
import type { FollowedShow } from './follow.ts'

export abstract class MovingPage extends LitElement {
  static override properties = {
    show: { attribute: false },
    drive: { attribute: false },
    tick: { state: true },
    said: { state: true },
  }
  declare show: FollowedShow
  declare drive: Drive
  /** Counter that makes the page draw again when the counter changes. */
  declare tick: number
  /** Sentence for the person at this page; empty if there is none. */
  declare said: string
  readonly #saidMs: number
  #saidTimer: ReturnType<typeof setTimeout> | undefined
  readonly #stop = new AbortController()

  /** `saidMs`: time for which a sentence stays on the page. */
  constructor(saidMs: number) {
    super()
    this.#saidMs = saidMs
    this.tick = 0
    this.said = ''
  }

  /** The page calls this for each key, wherever the focus is. */
  protected abstract pressed(event: KeyboardEvent): void

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  override connectedCallback(): void {
    super.connectedCallback()
    addEventListener('keydown', (event) => this.pressed(event), { signal: this.#stop.signal })
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#stop.abort()
    clearTimeout(this.#saidTimer)
  }

  say(sentence: string): void {
    this.said = sentence
    clearTimeout(this.#saidTimer)
    this.#saidTimer = setTimeout(() => (this.said = ''), this.#saidMs)
  }

  refresh(): void {
    this.tick++
  }
}
