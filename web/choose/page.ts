/** The decision page: shows the workload's fields, the prediction with its reasons, and the measurement. */
import { LitElement, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { reasonsFor, rounded } from '../measure/reasons.ts'
import { writesPerSecond } from '../measure/writing.ts'
import type { Workload } from '../measure/workload.ts'
import './comparison-panel.ts'
import type { ComparisonLine } from './comparison.ts'
import type { Decision } from './decision.ts'
import { HEADS } from '../measure/http2.ts'
import { rateText, spanText, unitOf } from '../measure/plan.ts'
import type { RateUnit } from '../measure/plan.ts'
import { DASH, milliseconds } from '../page/format.ts'
import { advicePanel } from './advice-panel.ts'
import { costsPanel } from './costs-panel.ts'
import { examples } from './examples.ts'
import { transports } from '../transports/index.ts'
import { fields } from './fields.ts'
import { modelTable, resultTable } from './tables.ts'

export class ChoosePage extends LitElement {
  static override properties = {
    decision: { attribute: false },
    comparison: { attribute: false },
    tick: { attribute: false },
    unit: { state: true },
  }
  declare decision: Decision
  declare comparison: ComparisonLine
  /** Counter that makes the page draw again when the counter changes. */
  declare tick: number
  /** Unit of the rate that the person has chosen; null if it follows from the rate. */
  declare unit: RateUnit | null

  constructor() {
    super()
    this.tick = 0
    this.unit = null
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override render(): TemplateResult {
    const { decision } = this
    return html`<main class="choose">
      <header>
        <h1>Which transport is right for your workload?</h1>
        <p class="dim">
          <a href="/lessons/17-choosing">Lesson 17</a> explains how to choose. Another page computes
          <a href="/capacity">how many processes</a> many clients need.
        </p>
      </header>
      ${examples(decision.workload, (workload) => this.#begin(workload))}
      <section class="workload" aria-labelledby="workload">
        <h2 id="workload">Your workload</h2>
        ${decision.addressTrouble === null ? nothing : html`<p class="notice" role="alert">${decision.addressTrouble}</p>`}
        ${fields(
          decision.workload,
          this.unit ?? unitOf(decision.workload.rate),
          (change) => decision.set(change),
          (unit) => (this.unit = unit),
        )}
      </section>
      <section class="advised" aria-labelledby="advice">
        <h2 id="advice">The answer</h2>
        ${decision.advice ? advicePanel(decision.advice, decision.changes) : html`<p class="dim">The page does not know the figures yet.</p>`}
      </section>
      <section class="says" aria-labelledby="model">
        <h2 id="model">Prediction of the model</h2>
        ${this.#model()}
      </section>
      ${
        decision.predicted
          ? html`<section class="says" aria-labelledby="costs">
              <h2 id="costs">What it costs besides bytes</h2>
              ${costsPanel(decision.predicted, decision.workload)}
            </section>`
          : nothing
      }
      <section class="ran" aria-labelledby="measured">
        <h2 id="measured">Measurement in this browser</h2>
        ${this.#measured()}
      </section>
      <section class="compared" aria-labelledby="compared">
        <h2 id="compared">Measurement with many clients on the server’s machine</h2>
        <fw-comparison .decision=${decision} .line=${this.comparison} .tick=${this.tick}></fw-comparison>
      </section>
    </main>`
  }

  #begin(workload: Workload): void {
    this.unit = null
    this.decision.set(workload)
  }

  #model(): TemplateResult {
    const { predicted, conditions, workload, is, trouble, advice, overHttp1 } = this.decision
    if (is === 'failed')
      return html`<p><b class="alarm">Nothing is known yet.</b> ${trouble}</p>
        <button class="button" type="button" @click=${() => this.decision.retry()}>Try again</button>`
    if (is === 'ready' && !predicted)
      return html`<p role="status">
        <b class="alarm">No clock.</b> The lab’s WebSocket is not open, and without it no delay is known. The page keeps
        trying to open it.
      </p>`
    if (!predicted || !conditions || !advice)
      return html`<p class="dim">
        The page sends a few requests over each transport, to learn the sizes of this browser’s requests …
      </p>`
    const asks =
      conditions.intervalMs >= 1000 ? `${(conditions.intervalMs / 1000).toFixed(1)} s` : `${conditions.intervalMs} ms`
    return html`${modelTable(predicted, workload, advice, overHttp1)}
      <p class="dim small">
        Short polling pauses for ${asks} after each response, the longest pause that the age allows. A long poll is held
        for at most ${conditions.waitS} s. Bytes are TCP payload in both directions.
      </p>
      ${overHttp1 ? this.#http2() : nothing} ${workload.speaks ? this.#writing() : nothing}
      <h3>Why</h3>
      <ul class="reasons">
        ${reasonsFor(predicted, workload, transports, advice).map((reason) => html`<li>${reason}</li>`)}
      </ul>`
  }

  #http2(): TemplateResult {
    return html`<p class="dim small">
      HTTP/2 is not measured here, because this server speaks HTTP/1.1 with the page. The model assumes that all
      requests share one connection, on which an earlier exchange has sent all fields that repeat. Then HPACK sends them
      as numbers, and the heads of a poll take ${HEADS} bytes. A WebSocket keeps a connection of its own over HTTP/1.1.
    </p>`
  }

  #writing(): TemplateResult | typeof nothing {
    const { writing, workload, conditions } = this.decision
    if (!writing || !conditions) return nothing
    const { post, socket } = writing
    const delay = milliseconds(conditions.roundTripMs + conditions.serviceMs)
    return html`<p class="dim small">
      The clients write ${rateText(workload.rate)} in all, so each client writes ${rateText(writesPerSecond(workload))}.
      One written message takes ${rounded(post)} bytes by POST and ${rounded(socket)} bytes over a WebSocket, in both
      directions. The server has it after half a round trip, and confirms it after about ${delay} ms, in both ways. If
      the connection for a POST has to be opened first, this takes one more round trip, and two with TLS.
    </p>`
  }

  #measured(): TemplateResult {
    const { decision } = this
    const { is, share, trouble, result, unset, plan, times } = decision
    const isRunning = is === 'measuring'
    return html`<p class="control">
        <label
          >Serve this workload for
          <select class="select" ?disabled=${isRunning} @change=${this.#setTimes}>
            ${LENGTHS.map(({ times: one, for: enough }) => html`<option value=${one} ?selected=${one === times}>${plan ? spanText(plan.seconds * one) : DASH}, enough for ${enough}</option>`)}
          </select></label
        >
        ${
          isRunning
            ? html`<button class="button" type="button" @click=${() => decision.cancel()}>Cancel</button>
                <progress max="1" .value=${share} aria-label="Progress of the measurement"></progress>`
            : html`<button class="button" type="button" ?disabled=${is !== 'ready'} @click=${() => decision.measure()}>
                ${plan?.isAtOtherRate ? `Measure at ${rateText(plan.ratePerSecond)}` : 'Measure'}
              </button>`
        }
      </p>
      ${[...(plan?.changes ?? []), ...unset].map((sentence) => html`<p class="dim small">${sentence}</p>`)}
      <p role="status">
        ${isRunning ? `Measuring, ${Math.round(share * 10) * 10} %.` : is === 'ready' && trouble ? trouble : nothing}
      </p>
      ${result ? resultTable(result, decision.advice) : isRunning || trouble ? nothing : html`<p class="dim">There is no measurement yet. A measurement opens a lane for each transport in a separate room, publishes at random moments, and counts the bytes at the server’s sockets.</p>`}`
  }

  #setTimes = ({ target }: Event): void => {
    if (target instanceof HTMLSelectElement) this.decision.times = Number(target.value)
  }
}

/** Lengths of a measurement, as multiples of the plan, which is long enough for a median. */
const LENGTHS = [
  { times: 1, for: 'the median' },
  { times: 4, for: 'p95 as well' },
]

customElements.define('fw-choose', ChoosePage)
