/** The sandbox: it puts the parts together, and holds what is about looking rather than about the feed. */
import { LitElement, html } from 'lit'
import type { TemplateResult } from 'lit'
import { now } from '../now.ts'
import { ZOOMS, writeAddress } from '../state/address.ts'
import type { Address, Opened } from '../state/address.ts'
import type { Lane } from '../state/lane.ts'
import { toCsv } from '../state/csv.ts'
import { partsPerMessage, scaleFor } from '../state/cost.ts'
import type { Session } from '../state/session.ts'
import { told } from '../state/tell.ts'
import { snapshot } from '../state/snapshot.ts'
import { breakControl, networkControl, pauseControl, rateControl, timeControl } from './bar.ts'
import './chat.ts'
import { readColours } from './colours.ts'
import type { Colours } from './colours.ts'
import './composer.ts'
import type { Controls } from './controls.ts'
import { download } from './download.ts'
import './drawer.ts'
import { head } from './head.ts'
import { key } from './key.ts'
import type { Ladder } from './ladder/ladder.ts'
import './ladder/ladder.ts'
import './lane.ts'
import { dark, figuresEveryMs, forced } from './media.ts'
import { recall, remember } from './memory.ts'
import './plot.ts'
import { settings } from './settings.ts'
import { figuresTable } from './table.ts'
import { trouble } from './trouble.ts'
import { who } from './who.ts'

const SAID_MS = 9000

export class Page extends LitElement implements Controls {
  static override properties = {
    session: { attribute: false },
    address: { attribute: false },
    signedInAs: { attribute: false },
    tick: { state: true },
    heard: { state: true },
    pausedMs: { state: true },
    said: { state: true },
    read: { state: true },
    colours: { state: true },
  }
  declare session: Session
  /** Where the page began, and what is about looking as it is now. */
  declare address: Address
  /** The name that cannot be changed here; null where one may call oneself anything. */
  declare signedInAs: string | null
  declare tick: number
  declare heard: number
  declare pausedMs: number | null
  declare said: string
  declare read: string
  declare colours: Colours | undefined
  #saidTimer: ReturnType<typeof setTimeout> | undefined
  #figuresTimer: ReturnType<typeof setTimeout> | undefined
  #written = ''
  #queued = false
  readonly #stop = new AbortController()

  constructor() {
    super()
    this.tick = this.heard = 0
    this.said = this.read = ''
    this.pausedMs = this.signedInAs = null
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  override connectedCallback(): void {
    super.connectedCallback()
    const { signal } = this.#stop
    for (const media of [dark, forced]) media.addEventListener('change', () => this.#recolour(), { signal })
    addEventListener('keydown', this.#key, { signal })
    this.#setTheme(this.address.theme ?? recall('theme'))
    this.#figures()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#stop.abort()
    clearTimeout(this.#figuresTimer)
    clearTimeout(this.#saidTimer)
  }

  say(sentence: string): void {
    this.said = sentence
    clearTimeout(this.#saidTimer)
    this.#saidTimer = setTimeout(() => (this.said = ''), SAID_MS)
  }

  readOut(sentence: string): void {
    this.read = sentence
  }

  pause(): void {
    this.pausedMs = this.pausedMs === null ? now() : null
  }

  zoomBy(factor: number): number {
    const at = ZOOMS.indexOf(this.address.zoom) + (factor > 1 ? 1 : -1)
    const zoom = ZOOMS[at] ?? this.address.zoom
    this.#look({ zoom })
    return zoom
  }

  open(open: Opened): void {
    this.#look({ open })
  }

  close(): void {
    this.#look({ open: null })
  }

  /** The rest of the page hears of a change now instead of with the next figures. */
  refresh(): void {
    this.tick++
  }

  protected override render(): TemplateResult {
    const { session, address, tick, colours, pausedMs } = this
    const { open, zoom } = address
    const scale = scaleFor(Math.max(...session.lanes.map((lane) => mostBytes(session, lane))))
    return html`<div class="page ${open ? 'open' : ''} ${address.table ? 'tabular' : ''}">
      ${head(session, this.#themeNow(), { help: () => this.open({ help: true }), settings: () => this.open({ settings: true }), theme: () => this.#toggleTheme() })}
      ${trouble(session)}
      <form class="bar" aria-label="Experiment" @submit=${(event: Event) => event.preventDefault()}>
        ${rateControl(session, 'rate')} ${networkControl(session, 'network', () => this.open({ network: true }))}
        ${breakControl(session)}
        <span class="control right"
          >${timeControl((factor) => this.zoomBy(factor))} ${pauseControl(pausedMs !== null, () => this.pause())}</span
        >
      </form>
      <main class="lab-grid">
        <div class="hd a"><b>Transport</b><span>how it asks · what it does now</span></div>
        <div class="hd d"><b>Typical delay, ms</b><span>half arrive sooner (p50)</span></div>
        <div class="hd e">
          <b>All delays, ms</b
          ><span class="scale" aria-hidden="true"><i>.1</i><i>1</i><i>10</i><i>100</i><i>1 k</i></span>
        </div>
        <div class="hd f">
          <b><i class="wide">Bytes per </i><i class="narrow">B/</i>message</b><span>an hour for 1,000 readers</span>
        </div>
        ${session.lanes.map((lane) => html`<fw-lane .session=${session} .lane=${lane} .controls=${this} .colours=${colours} .tick=${tick} .scale=${scale}></fw-lane>`)}
        <fw-ladder
          class="score"
          .session=${session}
          .controls=${this}
          .zoom=${zoom}
          .pausedMs=${pausedMs}
          .colours=${colours}
          .opened=${open}
        ></fw-ladder>
        <p class="statusline" role="status" title=${this.read || this.said}>${this.read || this.said}</p>
        ${key()} ${this.#plot()}
        <section class="chat" aria-label="Chat">
          <fw-chat .session=${session} .tick=${this.heard + tick}></fw-chat>${who(session)}<fw-composer
            .session=${session}
            .controls=${this}
            .signedInAs=${this.signedInAs}
          ></fw-composer>
        </section>
        <fw-drawer
          .session=${session}
          .controls=${this}
          .opened=${open}
          .colours=${colours}
          .tick=${tick}
          .said=${this.said}
          .settings=${() => settings(session, this, this.#exports(), this.#themeNow(), () => this.#toggleTheme())}
        ></fw-drawer>
      </main>
    </div>`
  }

  protected override updated(): void {
    const { session, address } = this
    const { intervalMs, waitS, ratePerSecond } = session
    const begun = session.lanes.some(({ on, state }) => on || state.is === 'off')
    const lanes = begun ? session.lanes.filter(({ on }) => on).map(({ transport }) => transport) : address.lanes
    const query = writeAddress({ ...address, lanes, intervalMs, waitS, ratePerSecond })
    if (query === this.#written) return
    this.#written = query
    history.replaceState(history.state, '', `${location.pathname}${query}`)
  }

  #plot(): TemplateResult {
    const { session, address, pausedMs } = this
    const score = this.querySelector<Ladder>('fw-ladder')
    const shownMs = score?.shownMs ?? 0
    return html`<section class="plot" aria-label="Delay of every message">
      <h2>
        Delay of every message <span class="dim">last two minutes, log scale</span
        ><span class="tools">${this.#tools()}</span>
      </h2>
      ${address.table ? figuresTable(session) : html`<fw-plot .session=${session} .colours=${this.colours} .tick=${this.tick >> 1} .pausedMs=${pausedMs} .shownMs=${shownMs}></fw-plot>`}
    </section>`
  }

  #tools(): TemplateResult {
    const { table } = this.address
    return html`<button class="link" type="button" aria-pressed=${table} @click=${() => this.#look({ table: !table })}>
        Table
      </button>
      ${this.#exports()}`
  }

  #exports(): TemplateResult {
    const { session } = this
    const link = (text: string, act: () => void): TemplateResult =>
      html`<button class="link" type="button" @click=${act}>${text}</button>`
    return html`${link('Clear', () => session.clear())}
    ${link('CSV', () => download(`fourwire-${session.room}.csv`, 'text/csv', toCsv(session.messages.all)))}
    ${link('JSON', () => download(`fourwire-${session.room}.json`, 'application/json', JSON.stringify(snapshot(session), null, 2)))}
    ${link('SVG', () => this.#saveLadder('svg'))} ${link('Text', () => this.#saveLadder('txt'))}`
  }

  /** The stretch that the ladder shows. What writes it is fetched when it is asked for. */
  async #saveLadder(kind: 'svg' | 'txt'): Promise<void> {
    const { session } = this
    const view = this.querySelector<Ladder>('fw-ladder')?.view
    if (!view) return
    const { exportSvg, exportText } = await import('./export.ts')
    if (kind === 'svg') download(`fourwire-${session.room}.svg`, 'image/svg+xml', exportSvg(session, view))
    else download(`fourwire-${session.room}.txt`, 'text/plain;charset=utf-8', exportText(session, view))
  }

  #look(change: Partial<Address>): void {
    this.address = { ...this.address, ...change }
  }

  #figures(): void {
    this.#figuresTimer = setTimeout(() => this.#figures(), figuresEveryMs())
    if (document.visibilityState !== 'visible') return
    this.tick++
    const queued = this.session.lanes.some((lane) => this.session.queuedMs(lane) !== null)
    if (queued && !this.#queued) this.say(told.queued)
    this.#queued = queued
  }

  #themeNow(): 'light' | 'dark' {
    return this.address.theme ?? (dark.matches ? 'dark' : 'light')
  }

  #toggleTheme(): void {
    const theme = this.#themeNow() === 'dark' ? 'light' : 'dark'
    remember('theme', theme)
    this.#setTheme(theme)
  }

  #setTheme(theme: string | null): void {
    if (theme !== 'light' && theme !== 'dark') return this.#recolour()
    document.documentElement.dataset['theme'] = theme
    this.#look({ theme })
    this.#recolour()
  }

  #recolour(): void {
    this.colours = readColours()
  }

  readonly #key = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && this.address.open) this.close()
    const typing =
      event.target instanceof Element &&
      event.target.closest('input, select, textarea, button, a, [role=tabpanel], [role=region]')
    if (event.key !== ' ' || typing) return
    event.preventDefault()
    this.pause()
  }
}

/** What the lane's bar has to have room for. */
function mostBytes(session: Session, lane: Lane): number {
  const { payload = 0, framing = 0, heads = 0, nothing = 0 } = (lane.on && partsPerMessage(lane.usage)) || {}
  return Math.max(payload + framing + heads + nothing, session.expectedBytes(lane) ?? 0)
}

customElements.define('fw-page', Page)
