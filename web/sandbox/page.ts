/**
 * The sandbox's page. This class joins the parts of the page and holds the state of the view. The session holds the
 * state of the feed.
 */
import { LitElement, html, render } from 'lit'
import type { TemplateResult } from 'lit'
import { now } from '../now.ts'
import { ZOOMS } from '../session/address.ts'
import type { Address, DrawerContent } from '../session/address.ts'
import type { Lane } from '../lane/lane.ts'
import { newKey } from '../lane/send.ts'
import { toCsv } from './csv.ts'
import { partsPerMessage, scaleFor } from '../lab/cost.ts'
import type { SandboxSession } from '../session/session.ts'
import { notices } from '../session/notices.ts'
import { snapshot } from '../session/snapshot.ts'
import { breakControl, networkControl, pauseControl, rateControl, timeControl } from './bar.ts'
import './chat.ts'
import { readColours } from '../drawing/colours.ts'
import type { Colours } from '../drawing/colours.ts'
import './composer.ts'
import type { Controls } from '../page/controls.ts'
import { download } from './download.ts'
import './drawer.ts'
import { head } from './head.ts'
import { key } from './key.ts'
import { laneMenu } from './lane-menu.ts'
import type { Ladder } from '../ladder/ladder.ts'
import '../ladder/ladder.ts'
import './lane.ts'
import { figuresEveryMs } from '../page/media.ts'
import { recall } from '../page/memory.ts'
import { onTheme } from '../page/theme.ts'
import './plot.ts'
import { settings } from './settings.ts'
import { figuresTable } from './table.ts'
import { trouble, withoutWebSocket } from '../page/trouble.ts'
import { HELP } from '../drawing/words.ts'
import { createViewHistory } from './view-history.ts'
import type { ViewHistory } from './view-history.ts'
import { verdictLine } from './verdict-line.ts'
import { who } from './who.ts'

const SAID_MS = 9000

export class Page extends LitElement implements Controls {
  static override properties = {
    session: { attribute: false },
    address: { attribute: false },
    tick: { state: true },
    heard: { state: true },
    pausedMs: { state: true },
    said: { state: true },
    read: { state: true },
    colours: { state: true },
  }
  declare session: SandboxSession
  /** State of the view. At the start, the page reads it from the address. */
  declare address: Address
  declare tick: number
  declare heard: number
  declare pausedMs: number | null
  declare said: string
  declare read: string
  declare colours: Colours | undefined
  #saidTimer: ReturnType<typeof setTimeout> | undefined
  #figuresTimer: ReturnType<typeof setTimeout> | undefined
  #history: ViewHistory | undefined
  #queued = false
  readonly #stop = new AbortController()

  constructor() {
    super()
    this.tick = this.heard = 0
    this.said = this.read = ''
    this.pausedMs = null
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  override connectedCallback(): void {
    super.connectedCallback()
    const { signal } = this.#stop
    onTheme(() => this.#recolour(), signal)
    addEventListener('keydown', this.#key, { signal })
    addEventListener('popstate', () => this.#look(this.#history?.adopt(this.address) ?? {}), { signal })
    this.#recolour()
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

  open(open: DrawerContent): void {
    const { view } = this.address
    this.#look({ open, view: view === 'large' ? null : view })
  }

  close(): void {
    this.#look({ open: null })
  }

  /** Makes the page draw now. Without this call, it would draw with the next figures. */
  refresh(): void {
    this.tick++
  }

  protected override render(): TemplateResult {
    const { session, address, tick, colours, pausedMs } = this
    const { open, zoom, view } = address
    const scale = scaleFor(Math.max(...session.lanes.map((lane) => mostBytes(session, lane))))
    return html`<div
      class="page ${open && view !== 'large' ? 'open' : ''} ${view === 'table' ? 'tabular' : ''} ${view === 'large' ? 'large' : ''}"
      .style=${`--lanes: ${session.lanes.length}`}
    >
      ${trouble(session)} ${withoutWebSocket(session)}
      <form class="bar" aria-label="Experiment" @submit=${(event: Event) => event.preventDefault()}>
        ${rateControl(session, 'rate')} ${networkControl(session, 'network', () => this.open({ network: true }))}
        ${breakControl(session)}
        <span class="control right"
          >${timeControl((factor) => this.zoomBy(factor))} ${pauseControl(pausedMs !== null, () => this.pause())}</span
        >
      </form>
      <section class="said-of-all" aria-label="Comparison">
        ${verdictLine(session)}
        <button class="button small-again" type="button" @click=${() => this.#look({ view: null })}>Small (L)</button>
      </section>
      <main class="lab-grid">
        <div class="hd a"><b>Transport ${laneMenu(session)}</b><span>how it asks · what it does now</span></div>
        <div class="hd d">
          <b><i class="wide">Typical delay</i><i class="narrow">p50</i>, ms</b><span>half arrive sooner (p50)</span>
        </div>
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
          .lanes=${session.lanes}
        ></fw-ladder>
        <p class="statusline" role="status" title=${this.read || this.said}>${this.read || this.said}</p>
        ${key()} ${this.#plot()}
        <section class="chat" aria-label="Chat">
          ${address.isChatHidden ? html`<p class="hidden-chat dim">The chat is hidden on this screen. ${this.#publishButton()}</p>` : html`<fw-chat .session=${session} .tick=${this.heard + tick} .publishButton=${this.#publishButton()}></fw-chat>`}${who(session)}<fw-composer
            .session=${session}
            .isWithoutWebSocket=${session.isWithoutWebSocket}
            .controls=${this}
            .signedInAs=${session.signedInAs}
          ></fw-composer>
        </section>
        <fw-drawer
          .session=${session}
          .controls=${this}
          .opened=${open}
          .colours=${colours}
          .tick=${tick}
          .said=${this.said}
          .people=${() => html`<fw-class .session=${session} .controls=${this} .tick=${tick} .isChatHidden=${address.isChatHidden} .hideChat=${(isChatHidden: boolean) => this.#look({ isChatHidden })}></fw-class>`}
          .settings=${() => settings(session, this, this.#exports())}
        ></fw-drawer>
      </main>
    </div>`
  }

  protected override updated(): void {
    const { address } = this
    this.#head()
    // All lengths of the page are multiples of the root's font size.
    document.documentElement.classList.toggle('large', address.view === 'large')
    this.#history ??= createViewHistory(this.session)
    this.#history.write(address)
  }

  /** Draws this page's part of the head, which the server has put above the page. */
  #head(): void {
    const own = document.querySelector<HTMLElement>('.site .own')
    if (!own) return
    const parts = head(this.session, {
      help: () => this.open({ help: true }),
      settings: () => this.open({ settings: true }),
      people: () => this.open({ people: true }),
    })
    render(parts, own)
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
      ${address.view === 'table' ? figuresTable(session) : html`<fw-plot .session=${session} .colours=${this.colours} .tick=${this.tick >> 1} .pausedMs=${pausedMs} .shownMs=${shownMs}></fw-plot>`}
    </section>`
  }

  #tools(): TemplateResult {
    const isTable = this.address.view === 'table'
    return html`<button
        class="link"
        type="button"
        aria-pressed=${isTable}
        @click=${() => this.#look({ view: isTable ? null : 'table' })}
      >
        Table
      </button>
      <button class="link" type="button" title=${HELP.large} @click=${() => this.#look({ view: 'large' })}>
        Large
      </button>
      ${this.#exports()}`
  }

  #publishButton(): TemplateResult {
    return html`<button class="link" type="button" title=${HELP.publishOne} @click=${() => this.#publishOne()}>
      Publish one
    </button>`
  }

  #publishOne(): void {
    const { session } = this
    const user = session.signedInAs ?? (recall('name')?.trim() || 'anonymous')
    session
      .send('post', user, 'One message', newKey())
      .catch((error: Error) => this.say(`Not published: ${error.message.replace(/\.$/, '')}.`))
  }

  #exports(): TemplateResult {
    const { session } = this
    const link = (text: string, act: () => void): TemplateResult =>
      html`<button class="link" type="button" @click=${act}>${text}</button>`
    return html`${link('Clear', () => session.clear())}
    ${link('CSV', () => download(`fourwire-${session.room}.csv`, 'text/csv', toCsv(session.messages.all, session.lanes)))}
    ${link('JSON', () => download(`fourwire-${session.room}.json`, 'application/json', JSON.stringify(snapshot(session), null, 2)))}
    ${link('SVG', () => this.#saveLadder('svg'))} ${link('Text', () => this.#saveLadder('txt'))}`
  }

  /** Saves the visible part of the ladder. The page loads the code for this only when a person asks for the file. */
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
    if (queued && !this.#queued) this.say(notices.queued)
    this.#queued = queued
  }

  #recolour(): void {
    this.colours = readColours()
    const { theme } = document.documentElement.dataset
    this.#look({ theme: theme === 'light' || theme === 'dark' ? theme : null })
  }

  readonly #key = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && this.address.view === 'large') this.#look({ view: null })
    else if (event.key === 'Escape' && this.address.open) this.close()
    const { key, target, ctrlKey, metaKey, altKey, repeat } = event
    if (ctrlKey || metaKey || altKey || !(target instanceof Element) || target.closest(TYPING)) return
    if (key === ' ' && !target.closest(USES_SPACE)) {
      event.preventDefault()
      this.pause()
    } else if (key === 'l' || key === 'L') this.#look({ view: this.address.view === 'large' ? null : 'large' })
    else if ((key === 'p' || key === 'P') && !repeat) this.#publishOne()
  }
}

/** Elements in which letters are typed, or choose an entry. */
const TYPING = 'textarea, select, input:not([type=radio], [type=checkbox], [type=range])'
/** Elements that use Space themselves. */
const USES_SPACE = 'input, button, summary, a, [role=tabpanel], [role=region], tbody'

/** Returns the number of bytes that must fit into the lane's bar. */
function mostBytes(session: SandboxSession, lane: Lane): number {
  const { payload = 0, framing = 0, heads = 0, nothing = 0 } = (lane.on && partsPerMessage(lane.usage)) || {}
  return Math.max(payload + framing + heads + nothing, session.expectedBytes(lane) ?? 0)
}

customElements.define('fw-page', Page)
