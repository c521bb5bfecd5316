/**
 * The drawer beside the lanes. The drawer shows an exchange, source files, the network, the help, the class, or the
 * settings of a small screen.
 */
import { LitElement, html, nothing } from 'lit'
import type { PropertyValues, TemplateResult } from 'lit'
import type { TransportName } from '../../server/protocol/feed.ts'
import type { DrawerContent } from '../session/address.ts'
import { LABELS } from '../lane/order.ts'
import type { SandboxSession } from '../session/session.ts'
import type { Colours } from '../drawing/colours.ts'
import type { Controls } from '../page/controls.ts'
import './code.ts'
import './help.ts'
import { shape } from '../lane/shape.ts'

export class Drawer extends LitElement {
  static override properties = {
    session: { attribute: false },
    controls: { attribute: false },
    opened: { attribute: false },
    colours: { attribute: false },
    tick: { attribute: false },
    said: { attribute: false },
    settings: { attribute: false },
    people: { attribute: false },
  }
  declare session: SandboxSession
  declare controls: Controls
  declare opened: DrawerContent | null
  declare colours: Colours | undefined
  declare tick: number
  /**
   * Sentence of the status line. An open drawer leaves the status line little room, so the network panel shows it too.
   */
  declare said: string
  /** Draws the panel with which the instructor manages the class. */
  declare people: () => TemplateResult
  /** Draws the settings that have no room on a small screen. */
  declare settings: () => TemplateResult
  #opener: Element | null = null

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (this.hasUpdated && changed.has('opened') && this.opened && !changed.get('opened'))
      this.#opener = document.activeElement
    if (changed.has('opened') && this.opened) this.#fetch(this.opened)
  }

  protected override render(): TemplateResult | typeof nothing {
    const { opened } = this
    if (!opened) return nothing
    const lane = laneOf(opened)
    const title = lane
      ? LABELS[lane]
      : 'help' in opened
        ? 'How to read the lanes'
        : 'network' in opened
          ? 'Network'
          : 'people' in opened
            ? 'Class'
            : 'Settings'
    return html`<aside class="drawer" data-lane=${lane ?? ''} aria-label=${title} @keydown=${this.#stepByKey}>
      <header>
        ${lane ? shape(lane) : nothing}
        <h2>${title}</h2>
        ${lane ? this.#tabs(lane) : nothing}
        <button class="close" type="button" aria-label="Close" @click=${() => this.controls.close()}>×</button>
      </header>
      ${lane ? this.#panel(opened, lane) : html`<div class="body" tabindex="0" role="region" aria-label=${title}>${this.#sheet(opened)}</div>`}
    </aside>`
  }

  protected override updated(changed: PropertyValues<this>): void {
    // If the address opened the drawer, no element had the focus before. So no element gets the focus back.
    if (!changed.has('opened') || !this.#opener) return
    const was = changed.get('opened')
    if (this.opened && !was) this.querySelector<HTMLElement>('[aria-selected=true], .close')?.focus()
    if (!this.opened && was && this.#opener instanceof HTMLElement) this.#opener.focus()
    if (this.opened) this.querySelector('.body')?.scrollTo(0, 0)
  }

  #tabs(lane: TransportName): TemplateResult {
    return html`<div class="tabs" role="tablist" aria-label=${`About ${LABELS[lane]}`} @keydown=${this.#turn}>
      ${TABS.map(([tab, text]) => {
        const selected = this.opened !== null && tabOf(this.opened) === tab
        return html`<button
          type="button"
          role="tab"
          id=${`tab-${tab}`}
          aria-controls="panel"
          aria-selected=${selected}
          tabindex=${selected ? 0 : -1}
          @click=${() => this.#show(tab, lane)}
        >
          ${text}${tab === 'exchange' ? nothing : html`<span> file</span>`}
        </button>`
      })}
    </div>`
  }

  #panel(opened: DrawerContent, name: TransportName): TemplateResult {
    const { session, controls, tick } = this
    const lane = session.lanes.find(({ transport }) => transport === name)
    return html`<div class="body" id="panel" role="tabpanel" tabindex="0" aria-labelledby=${`tab-${tabOf(opened)}`}>
      ${'exchange' in opened ? html`<fw-inspector .session=${session} .controls=${controls} .exchange=${opened.exchange} .transport=${name} .step=${this.#step} .tick=${tick}></fw-inspector>` : nothing}
      ${'code' in opened ? html`<fw-code .lane=${lane} .side=${opened.side} .tick=${tick}></fw-code>` : nothing}
    </div>`
  }

  #sheet(opened: DrawerContent): TemplateResult {
    if ('help' in opened) return html`<fw-help .colours=${this.colours}></fw-help>`
    if ('network' in opened)
      return html`<fw-network .session=${this.session} .said=${this.said} .tick=${this.tick}></fw-network>`
    if ('people' in opened) return this.people()
    return this.settings()
  }

  #show(tab: Tab, lane: TransportName): void {
    if (tab !== 'exchange') this.controls.open({ code: lane, side: tab })
    else this.controls.open({ exchange: this.session.exchanges.latest(lane) ?? 0, transport: lane })
  }

  readonly #step = (by: -1 | 1): void => {
    const { opened, session } = this
    if (!opened || !('exchange' in opened)) return
    const exchange = session.exchanges.beside(opened.exchange, opened.transport, by)
    if (exchange !== null) this.controls.open({ exchange, transport: opened.transport })
  }

  readonly #stepByKey = ({ key }: KeyboardEvent): void => {
    if (key === '[' || key === ']') this.#step(key === '[' ? -1 : 1)
  }

  /** Handles the arrow keys in the row of tabs. The Tab key stops only once in this row. */
  readonly #turn = async (event: KeyboardEvent): Promise<void> => {
    const { opened } = this
    const lane = opened && laneOf(opened)
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (!lane || by === undefined) return
    event.preventDefault()
    const at = TABS.findIndex(([tab]) => tab === tabOf(opened))
    const [next] = TABS.at((at + by) % TABS.length) ?? TABS[0]
    this.#show(next, lane)
    await this.updateComplete
    this.querySelector<HTMLElement>('[aria-selected=true]')?.focus()
  }

  /** Loads the code of the drawer's content when a person opens it, because most visits never need this code. */
  #fetch(opened: DrawerContent): void {
    const fetched =
      'exchange' in opened
        ? import('./inspector.ts')
        : 'network' in opened
          ? import('./network.ts')
          : 'people' in opened
            ? import('./class.ts')
            : null
    fetched?.catch(() => this.controls.say('The server did not answer. Close this panel and open it again.'))
  }
}

const TABS = [
  ['exchange', 'Exchange'],
  ['server', 'Server'],
  ['browser', 'Browser'],
] as const

type Tab = (typeof TABS)[number][0]

function tabOf(opened: DrawerContent): Tab {
  return 'code' in opened ? opened.side : 'exchange'
}

function laneOf(opened: DrawerContent): TransportName | null {
  if ('code' in opened) return opened.code
  return 'exchange' in opened ? opened.transport : null
}

customElements.define('fw-drawer', Drawer)
