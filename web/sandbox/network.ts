/** Draws the panel with all conditions and failures of the network. The status line and a band report each change. */
import { LitElement, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { Conditions, Cut, Preset } from '../../server/protocol/lab.ts'
import { KNOBS, positionOf, shownValue, typedValue, valueText } from './knobs.ts'
import type { Knob, KnobName } from './knobs.ts'
import { areEqual, describeNetwork, isNeutral, neutral, presetOf } from '../session/network.ts'
import type { SessionActs, SessionFacts } from '../session/session.ts'
import { HELP } from '../drawing/words.ts'

/** Pause after the last movement of a slider. After this pause, the page sends the slider's value to the server. */
const SETTLE_MS = 150
/** If the server has not confirmed a value after this time, the server has refused the value. */
const TOLD_BACK_MS = 2000

export class NetworkPanel extends LitElement {
  static override properties = {
    session: { attribute: false },
    tick: { attribute: false },
    said: { attribute: false },
    drafts: { state: true },
  }
  declare session: SessionFacts & SessionActs
  /** Counter that changes when the network may have changed, so that the page draws again. */
  declare tick: number
  /** Sentence of the status line. Screen readers announce the status line. */
  declare said: string
  /** Values that a person has set and the server has not confirmed yet. */
  declare drafts: Partial<Record<KnobName, number>>
  #timer: ReturnType<typeof setTimeout> | undefined
  #forgetting: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super()
    this.drafts = {}
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    if (this.#timer !== undefined) this.#send()
    clearTimeout(this.#forgetting)
  }

  protected override render(): TemplateResult {
    const { conditions, presets, instructor } = this.session
    if (conditions === null)
      return html`<p role="status">There is no connection to the lab. The page reconnects by itself.</p>`
    return html`<div class="network-panel">
      <p class="now"><span class="dim">Now:</span> <b>${describeNetwork(conditions, presets) || 'no conditions'}</b></p>
      <p class="small dim said" aria-hidden="true">${this.said}</p>
      ${instructor ? nothing : html`<p>${HELP.notInstructor}</p>`} ${this.#acts(conditions)}
      <fieldset ?disabled=${!instructor}>
        <legend>Presets</legend>
        ${presets.map((preset) => this.#preset(preset, presetOf(conditions, presets) === preset))}
      </fieldset>
      <fieldset ?disabled=${!instructor}>
        <legend>Single conditions</legend>
        ${KNOBS.map((knob) => this.#knob(knob, this.drafts[knob.name] ?? conditions[knob.name]))}
        ${this.#firewall(conditions)}
      </fieldset>
    </div>`
  }

  #acts(conditions: Conditions): TemplateResult {
    const { session } = this
    const { instructor, conditionsBefore: before } = session
    const act = (text: string, help: string, does: () => void, can = true): TemplateResult =>
      html`<button
        class="button"
        type="button"
        title=${instructor ? help : HELP.notInstructor}
        ?disabled=${!instructor || !can}
        @click=${does}
      >
        ${text}
      </button>`
    const cut = (text: string, how: Cut, help: string): TemplateResult => act(text, help, () => session.cut(how))
    return html`<div class="acts" role="group" aria-label="Cut and restart">
        ${cut('Cut: FIN', 'FIN', 'Ends every connection of the feed politely, like a server that stops.')}
        ${cut('Cut: RST', 'RST', HELP.cut)}
        ${cut('Cut: black hole', 'black hole', 'No byte gets through on the open connections any more, and neither side is informed.')}
        ${act('Restart server', HELP.restart, () => session.restart())}
      </div>
      <div class="acts" role="group" aria-label="Undo">
        ${act('Undo the last change', 'Restores the conditions from before the last change.', () => before && this.#set(before), before !== null && !areEqual(before, conditions))}
        ${act('Remove all conditions', 'Removes every condition from the network.', () => this.#set(neutral(conditions)), !isNeutral(conditions))}
      </div>`
  }

  #preset({ name, about, conditions }: Preset, checked: boolean): TemplateResult {
    return html`<label class="preset">
      <input type="radio" name="preset" .checked=${checked} @change=${() => this.#set(conditions)} />
      <span><b>${name}</b> <span class="small dim">${about}</span></span>
    </label>`
  }

  #knob(knob: Knob, value: number): TemplateResult {
    const id = `knob-${knob.name}`
    return html`<div class="knob ${value === 0 ? '' : 'on'}">
      <label for=${id}>${knob.label}</label>
      <input
        type="range"
        id=${id}
        min="0"
        max=${knob.values.length - 1}
        step="1"
        .value=${String(positionOf(knob, value))}
        aria-valuetext=${valueText(knob, value)}
        aria-describedby=${`${id}-does`}
        @input=${({ target }: Event) => this.#slide(knob, target)}
      />
      <input
        class="field"
        type="number"
        min="0"
        step="any"
        .value=${String(shownValue(knob, value))}
        aria-label=${`${knob.label}, ${knob.unit}`}
        aria-describedby=${`${id}-does`}
        @change=${({ target }: Event) => this.#type(knob, target)}
      />
      <span class="small" aria-hidden="true">${knob.unit}</span>
      <p class="small dim" id=${`${id}-does`}>${knob.does}</p>
    </div>`
  }

  #firewall({ firewall }: Conditions): TemplateResult {
    return html`<div class="knob ${firewall ? 'on' : ''}">
      <label for="knob-firewall">firewall</label>
      <input
        type="checkbox"
        role="switch"
        class="switch"
        id="knob-firewall"
        .checked=${firewall}
        aria-describedby="knob-firewall-does"
        @change=${() => this.#set({ firewall: !firewall })}
      />
      <p class="small dim" id="knob-firewall-does">${HELP.firewall}</p>
    </div>`
  }

  #slide(knob: Knob, target: EventTarget | null): void {
    if (!(target instanceof HTMLInputElement)) return
    this.#draft(knob, knob.values[target.valueAsNumber] ?? 0, SETTLE_MS)
  }

  #type(knob: Knob, target: EventTarget | null): void {
    if (!(target instanceof HTMLInputElement)) return
    const value = typedValue(knob, target.value)
    // If a person typed no number, the field shows the current value again. If the number is outside the range, the
    // field shows the nearest number inside.
    target.value = String(shownValue(knob, value ?? this.session.conditions?.[knob.name] ?? 0))
    if (value !== null) this.#draft(knob, value, 0)
  }

  #draft({ name }: Knob, value: number, afterMs: number): void {
    this.drafts = { ...this.drafts, [name]: value }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#send(), afterMs)
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.session.setNetwork(this.drafts)
    clearTimeout(this.#forgetting)
    this.#forgetting = setTimeout(() => this.#timer === undefined && (this.drafts = {}), TOLD_BACK_MS)
  }

  #set(conditions: Partial<Conditions>): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.drafts = {}
    this.session.setNetwork(conditions)
  }
}

customElements.define('fw-network', NetworkPanel)
