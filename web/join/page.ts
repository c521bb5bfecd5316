/** The page of a phone that takes part in a class: the question first, then the network with the one lane. */
import { LitElement, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { readColours } from '../drawing/colours.ts'
import type { Colours } from '../drawing/colours.ts'
import { CHECKED } from '../lab/preflight.ts'
import { shape } from '../lane/shape.ts'
import { figuresEveryMs } from '../page/media.ts'
import { onTheme } from '../page/theme.ts'
import { trouble } from '../page/trouble.ts'
import { networkList } from './network-list.ts'
import { question } from './question.ts'
import type { Ended, JoinedSeat } from './seat.ts'

const SAID_MS = 8000

export class JoinPage extends LitElement {
  static override properties = {
    joined: { attribute: false },
    tick: { state: true },
    said: { state: true },
    isNaming: { state: true },
    isAbsent: { state: true },
    colours: { state: true },
  }
  /** Undefined until the server has told the room of the class. */
  declare joined: JoinedSeat | undefined
  /** False if the browser keeps nothing, so that a reload gives a new seat. */
  isKept = true
  /** Called with a new name. */
  rename = (_name: string): void => {}
  declare tick: number
  declare said: string
  declare isNaming: boolean
  /** True after a try to reach the server has failed, before the page has a room. */
  declare isAbsent: boolean
  declare colours: Colours | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #saidTimer: ReturnType<typeof setTimeout> | undefined
  readonly #stop = new AbortController()

  constructor() {
    super()
    this.tick = 0
    this.said = ''
    this.isNaming = false
    this.isAbsent = false
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.colours = readColours()
    onTheme(() => (this.colours = readColours()), this.#stop.signal)
    this.#figures()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#stop.abort()
    clearTimeout(this.#timer)
    clearTimeout(this.#saidTimer)
  }

  say(sentence: string): void {
    this.said = sentence
    clearTimeout(this.#saidTimer)
    this.#saidTimer = setTimeout(() => (this.said = ''), SAID_MS)
  }

  /** Draws now. Without this call, the page would draw with the next figures. */
  refresh(): void {
    this.tick++
  }

  protected override render(): TemplateResult {
    const { joined, said } = this
    if (joined?.ended) return ended(joined, joined.ended)
    return html`<header class="top">
        <p class="mark">${CHECKED.map((name) => shape(name))} Fourwire</p>
        ${joined?.seat ? html`<p>seat <b>${joined.seat.seat}</b> ${this.#name(joined.seat.name)}</p>` : nothing}
      </header>
      ${joined ? trouble(joined.session) : this.isAbsent ? ABSENT : nothing}
      ${said === '' ? nothing : html`<p class="notice" role="status">${said}</p>`}
      ${this.isKept ? nothing : html`<p class="notice">This browser does not remember your seat, perhaps because this is a private window. A reload gives you a new seat.</p>`}
      ${joined ? html`<main>${question(joined)} ${joined.seat && joined.show ? networkList(joined, this.colours) : nothing}</main>` : nothing}`
  }

  #name(name: string): TemplateResult {
    if (!this.isNaming)
      return html`<button class="link" type="button" @click=${() => (this.isNaming = true)}>
        ${name === '' ? 'Add a name' : name}
      </button>`
    const save = (event: SubmitEvent): void => {
      event.preventDefault()
      if (!(event.currentTarget instanceof HTMLFormElement)) return
      this.rename(String(new FormData(event.currentTarget).get('name')).trim())
      this.isNaming = false
    }
    return html`<form class="naming" @submit=${save}>
      <input class="field" name="name" aria-label="Your name" maxlength="40" autocomplete="nickname" .value=${name} />
      <button class="button on">Save</button>
    </form>`
  }

  #figures(): void {
    this.refresh()
    this.#timer = setTimeout(() => this.#figures(), figuresEveryMs())
  }
}

const ABSENT = html`<p class="trouble" role="alert">
  <b>The server does not answer.</b> The page asks again by itself.
</p>`

function ended(joined: JoinedSeat, why: Ended): TemplateResult {
  return html`<main class="ended">
    <h1>${why === 'removed' ? 'The instructor has removed this seat.' : 'Another tab has taken this seat.'}</h1>
    <p>
      ${why === 'removed' ? 'This page has stopped. Ask the instructor if this was a mistake.' : 'Only one tab at a time can have the seat, so this page has stopped.'}
    </p>
    ${why === 'taken' ? html`<p><button class="button on" type="button" @click=${() => joined.again()}>Take the seat back</button></p>` : nothing}
  </main>`
}

customElements.define('fw-join', JoinPage)
