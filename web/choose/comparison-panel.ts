/** The part of the decision page that measures the workload with many clients on the server's machine. */
import { LitElement, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { ComparisonState, EndedComparison, MeasuredWorkload } from '../../server/protocol/comparison.ts'
import { LABELS } from '../lane/order.ts'
import { choiceAgreement, enoughSeconds, isNearly, measurableOf } from '../measure/comparing.ts'
import type { Measurable } from '../measure/comparing.ts'
import type { ComparisonLine } from './comparison.ts'
import { durationText, leftText, limitsText, statusText, timeText, workloadText } from './comparison-words.ts'
import type { Decision } from './decision.ts'

export class ComparisonPanel extends LitElement {
  static override properties = {
    decision: { attribute: false },
    line: { attribute: false },
    tick: { attribute: false },
    seconds: { state: true },
  }
  declare decision: Decision
  declare line: ComparisonLine
  /** Counter that makes the panel draw again when the counter changes. */
  declare tick: number
  /** Seconds that the person has chosen; null if they follow from the rate. */
  declare seconds: number | null
  /** True if the focus was on a control before the panel draws. The control may disappear. */
  #hadFocus = false

  constructor() {
    super()
    this.tick = 0
    this.seconds = null
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override willUpdate(): void {
    this.#hadFocus = this.querySelector('.control')?.contains(document.activeElement) ?? false
  }

  protected override updated(): void {
    if (!this.#hadFocus || this.contains(document.activeElement)) return
    this.querySelector<HTMLElement>('.control button')?.focus()
  }

  protected override render(): TemplateResult {
    const { state, trouble } = this.line
    return html`<p class="dim small">
        The server’s machine starts a separate Fourwire and connects the clients to it over loopback. So the traffic of
        this server is not in the figures. But other work of that machine disturbs the measurement, and the measurement
        slows down other work.
      </p>
      ${state ? this.#control(state) : nothing}
      <p role="status">${trouble ?? (state ? statusText(state, this.line.seenAtMs) : nothing)}</p>
      ${state?.last ? this.#result(state.last, state) : nothing}`
  }

  #control(state: ComparisonState): TemplateResult {
    const { running, missing, mayStart } = state
    if (running)
      return html`<p class="control">
        ${
          mayStart
            ? html`<button class="button" type="button" @click=${() => this.line.cancel()}>
                Cancel the measurement
              </button>`
            : nothing
        }
        <progress
          max="1"
          .value=${running.progress ? running.progress.done / running.progress.total : 0}
          aria-label="Progress of the measurement with many clients"
        ></progress>
        <span>${leftText(running, labelOf)}</span>
      </p>`
    if (missing !== null) return html`<p>${missing}</p>`
    if (!mayStart)
      return html`<p>
        Only the instructor can start this measurement. If you are the instructor, open the link that the server printed
        at its start.
      </p>`
    const measurable = this.#measurable(state)
    const seconds = this.#secondsOf(measurable)
    return html`<p class="control">
        <label
          >Measure each transport for
          <select class="select" @change=${this.#setSeconds}>
            ${SECONDS.map(
              (one) =>
                html`<option value=${one} ?selected=${one === seconds}>
                  ${durationText(REPEAT, one, state.transports.length)}
                </option>`,
            )}
          </select></label
        >
        <button
          class="button"
          type="button"
          ?disabled=${measurable === null}
          aria-describedby="comparison-limits"
          @click=${() => measurable && this.line.start(this.#asked(measurable))}
        >
          Measure this workload here
        </button>
      </p>
      <p class="dim small" id="comparison-limits">
        ${limitsText(state.limits)}
        ${
          measurable
            ? measurable.changes.join(' ')
            : 'The page must first learn the times of the network, because they decide how often short polls ask.'
        }
      </p>`
  }

  #result(last: EndedComparison, state: ComparisonState): TemplateResult {
    const { workload, startedAtMs, findings } = last
    return html`<h3>Result of the measurement at ${timeText(startedAtMs)}</h3>
      <p class="dim small">
        ${workloadText(workload)} ${this.#isOfForm(last, state) ? nothing : 'The form has other figures now.'}
      </p>
      <p class="verdict">${findings.verdict}</p>
      ${this.#agreement(last)}
      <p class="verdict">
        <a href="/comparison/report" target="_blank">Open the report in a new tab</a>
        <a href="/comparison/report" download="comparison.html">Save the report</a>
      </p>
      <iframe
        class="report"
        title="Report of the measurement"
        src="/comparison/report?of=${startedAtMs}"
        sandbox=""
      ></iframe>`
  }

  #agreement({ workload, findings }: EndedComparison): TemplateResult {
    const { decision } = this
    const advice = decision.adviceForMeasured(workload)
    if (!advice) return html`<p class="dim">The model has no prediction yet to compare this with.</p>`
    const { sentence, reasons } = choiceAgreement(
      {
        advice,
        choiceForForm: decision.advice?.transport ?? null,
        findings,
        ageS: decision.workload.age,
      },
      labelOf,
    )
    return html`<h3>Do the model and the measurement agree?</h3>
      <p>${sentence}</p>
      ${
        reasons.length === 0
          ? nothing
          : html`<ul class="reasons">
              ${reasons.map((reason) => html`<li>${reason}</li>`)}
            </ul>`
      }`
  }

  #isOfForm({ workload: of }: EndedComparison, state: ComparisonState): boolean {
    const now = this.#measurable(state)?.workload
    return now !== undefined && isNearly(now, of)
  }

  #measurable({ limits }: ComparisonState): Measurable | null {
    const { workload, conditions } = this.decision
    return conditions && measurableOf(workload, conditions, limits)
  }

  #asked(measurable: Measurable): MeasuredWorkload {
    return { ...measurable.workload, seconds: this.#secondsOf(measurable), repeat: REPEAT }
  }

  #secondsOf(measurable: Measurable | null): number {
    return this.seconds ?? enoughSeconds(measurable?.workload.rate ?? 1, REPEAT, SECONDS)
  }

  #setSeconds = ({ target }: Event): void => {
    if (target instanceof HTMLSelectElement) this.seconds = Number(target.value)
  }
}

const SECONDS = [5, 10, 20]
const REPEAT = 3

function labelOf(transport: string): string {
  return Object.entries(LABELS).find(([name]) => name === transport)?.[1] ?? transport
}

customElements.define('fw-comparison', ComparisonPanel)
