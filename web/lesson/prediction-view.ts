/**
 * Shows the reader's prediction next to the measured number and the expected number. This browser keeps the prediction.
 */
import { LitElement, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { clockBoundMs } from '../session/delays.ts'
import type { LaneName } from '../lane/order.ts'
import { COUNTED, QUESTIONS } from './prediction.ts'
import type { SandboxSession } from '../session/session.ts'
import { DASH } from '../page/format.ts'
import { recall, remember } from '../page/memory.ts'
import { shape } from '../lane/shape.ts'

const STEPS = [1, 2, 4, 5, 10]

export class Prediction extends LitElement {
  static override properties = {
    lesson: { attribute: false },
    session: { attribute: false },
    tick: { attribute: false },
    said: { state: true },
    counted: { state: true },
  }
  /** Name of the lesson, such as `04-long-polling`. */
  declare lesson: string
  declare session: SandboxSession | undefined
  /** Counter that makes the page draw the figures again when the counter changes. */
  declare tick: number
  declare said: string
  /** Number that the reader counted. The page asks for it if the page itself cannot measure the number. */
  declare counted: string

  constructor() {
    super()
    this.lesson = this.said = this.counted = ''
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has('lesson')) return
    this.said = recall(`prediction.${this.lesson}`) ?? ''
    this.counted = recall(`count.${this.lesson}`) ?? ''
  }

  protected override render(): TemplateResult {
    const { session, said } = this
    const question = QUESTIONS[this.lesson.slice(3)]
    const missing = (session && question?.missing?.(session)) ?? null
    const how = question ? missing : (COUNTED[this.lesson.slice(3)] ?? null)
    const isKnown =
      session !== undefined && missing === null && (!question?.needsClock || clockBoundMs(session) !== null)
    const measured = isKnown ? (question?.measured(session) ?? null) : null
    const expected = isKnown ? (question?.expected(session) ?? null) : null
    // The page shows the measured number only to a reader who has made a prediction.
    const isSaid = numberOf(said) !== null
    const value = question ? (measured?.value ?? null) : numberOf(this.counted)
    return html`<div class="answer">
        <label><span>You said</span> ${this.#field('prediction', said)}</label>
        ${question ? html`<p><span>Measured</span> <b class="value">${isSaid ? figure(value) : DASH}</b> <small>${isSaid && measured ? `${question.unit}, ${measured.n} ${measured.of}` : question.unit}</small></p>` : html`<label><span>You measured</span> ${this.#field('count', this.counted)}</label>`}
        ${isSaid && expected !== null ? html`<p><span>Expected</span> <b class="value">${figure(expected)}</b> <small>${question?.unit ?? ''}</small></p>` : nothing}
      </div>
      ${how === null ? nothing : html`<p class="how">${how}</p>`}
      ${isSaid ? ruler(numberOf(said), value, expected, question?.lane ?? 'yours') : nothing}`
  }

  #field(what: 'prediction' | 'count', value: string): TemplateResult {
    const entered = ({ target }: Event): void => {
      if (!(target instanceof HTMLInputElement)) return
      if (what === 'prediction') this.said = target.value
      else this.counted = target.value
      remember(`${what}.${this.lesson}`, target.value)
    }
    return html`<input inputmode="decimal" autocomplete="off" maxlength="9" .value=${value} @input=${entered} />`
  }
}

function numberOf(text: string): number | null {
  const number = Number.parseFloat(text.replace(',', '.'))
  return Number.isFinite(number) && number >= 0 ? number : null
}

function figure(value: number | null): string {
  return value === null ? DASH : value < 10 ? value.toFixed(1) : String(Math.round(value))
}

/**
 * Draws an axis with three marks: a dashed line for the prediction, a shape for the measurement, and a tick for the
 * model.
 */
function ruler(said: number | null, measured: number | null, expected: number | null, lane: LaneName): TemplateResult {
  const end = endFor(Math.max(said ?? 0, measured ?? 0, expected ?? 0) * 1.3)
  const at = (value: number): string => `left: ${(value / end) * 100}%`
  const words = `You said ${figure(said)}, measured ${figure(measured)}, expected ${figure(expected)}, on an axis to ${end}`
  return html`<div class="ruler" role="img" aria-label=${words}>
    ${[0, 0.25, 0.5, 0.75, 1].map((share) => html`<span class="mark" .style=${at(share * end)}>${share * end}</span>`)}
    ${said === null ? nothing : html`<span class="said" .style=${at(said)}><i>you</i></span>`}
    ${expected === null ? nothing : html`<span class="expected" .style=${at(expected)}></span>`}
    ${measured === null ? nothing : html`<span class="measured" .style=${at(measured)}>${shape(lane)}</span>`}
  </div>`
}

/** Returns the end of the axis, which is at least `least`. A quarter of the end is a round number. */
function endFor(least: number): number {
  for (let decade = 4; ; decade *= 10) for (const step of STEPS) if (step * decade >= least) return step * decade
}

customElements.define('fw-prediction', Prediction)
