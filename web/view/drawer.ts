/** The drawer beside the lanes: code, help, or the settings of a small screen. */
import { LitElement, html, nothing } from 'lit'
import type { PropertyValues, TemplateResult } from 'lit'
import type { Opened } from '../state/address.ts'
import { LABELS } from '../state/labels.ts'
import type { Session } from '../state/session.ts'
import type { Side } from './code.ts'
import type { Colours } from './colours.ts'
import type { Controls } from './controls.ts'
import './code.ts'
import './help.ts'
import { shape } from './shape.ts'

export class Drawer extends LitElement {
  static override properties = {
    session: { attribute: false },
    controls: { attribute: false },
    opened: { attribute: false },
    colours: { attribute: false },
    tick: { attribute: false },
    settings: { attribute: false },
  }
  declare session: Session
  declare controls: Controls
  declare opened: Opened | null
  declare colours: Colours | undefined
  declare tick: number
  /** What stands in the settings. */
  declare settings: () => TemplateResult
  #opener: Element | null = null

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (this.hasUpdated && changed.has('opened') && this.opened && !changed.get('opened'))
      this.#opener = document.activeElement
  }

  protected override render(): TemplateResult | typeof nothing {
    const { opened } = this
    if (!opened) return nothing
    const title = 'code' in opened ? LABELS[opened.code] : 'help' in opened ? 'How to read the lanes' : 'Settings'
    return html`<aside class="drawer" data-lane=${'code' in opened ? opened.code : ''} aria-label=${title}>
      <header>
        ${'code' in opened ? shape(opened.code) : nothing}
        <h2>${title}</h2>
        ${'code' in opened ? this.#tabs(opened) : nothing}
        <button class="close" type="button" aria-label="Close" @click=${() => this.controls.close()}>×</button>
      </header>
      ${'code' in opened ? this.#code(opened) : html`<div class="body" tabindex="0" role="region" aria-label=${title}>${'help' in opened ? html`<fw-help .colours=${this.colours}></fw-help>` : this.settings()}</div>`}
    </aside>`
  }

  protected override updated(changed: PropertyValues<this>): void {
    // What the address opened did not take the focus from anywhere.
    if (!changed.has('opened') || !this.#opener) return
    const was = changed.get('opened')
    if (this.opened && !was) this.querySelector<HTMLElement>('[aria-selected=true], .close')?.focus()
    if (!this.opened && was && this.#opener instanceof HTMLElement) this.#opener.focus()
    if (this.opened) this.querySelector('.body')?.scrollTo(0, 0)
  }

  #tabs({ code, side }: { code: keyof typeof LABELS; side: Side }): TemplateResult {
    const tab = (of: Side, text: string): TemplateResult =>
      html`<button
        type="button"
        role="tab"
        id=${`tab-${of}`}
        aria-controls="code"
        aria-selected=${side === of}
        tabindex=${side === of ? 0 : -1}
        @click=${() => this.controls.open({ code, side: of })}
      >
        ${text}
      </button>`
    return html`<div class="tabs" role="tablist" aria-label="File" @keydown=${this.#turn}>
      ${tab('server', 'Server file')}${tab('browser', 'Browser file')}
    </div>`
  }

  #code({ code, side }: { code: keyof typeof LABELS; side: Side }): TemplateResult {
    const lane = this.session.lanes.find(({ transport }) => transport === code)
    return html`<div class="body" id="code" role="tabpanel" tabindex="0" aria-labelledby=${`tab-${side}`}>
      <fw-code .lane=${lane} .side=${side} .tick=${this.tick}></fw-code>
    </div>`
  }

  /** The tabs are one stop; the arrows go from one to the other. */
  readonly #turn = async (event: KeyboardEvent): Promise<void> => {
    const { opened } = this
    if (!opened || !('code' in opened) || !['ArrowLeft', 'ArrowRight'].includes(event.key)) return
    event.preventDefault()
    this.controls.open({ code: opened.code, side: opened.side === 'server' ? 'browser' : 'server' })
    await this.updateComplete
    this.querySelector<HTMLElement>('[aria-selected=true]')?.focus()
  }
}

customElements.define('fw-drawer', Drawer)
