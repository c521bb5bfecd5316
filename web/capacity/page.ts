/** The page that computes how many processes a workload needs, and what it costs Redis, from measured figures. */
import { LitElement, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { live } from 'lit/directives/live.js'
import { LABELS } from '../lane/order.ts'
import { CAPACITY_FIGURES } from '../measure/capacity-figures.ts'
import { capacityOf } from '../measure/capacity.ts'
import type { CapacityPlan } from '../measure/capacity.ts'
import { readNumber } from '../measure/workload.ts'
import { PLAN_FIELDS, PLAN_FIGURES, PLAN_TRANSPORTS, figureTrouble, planTrouble, readPlan, writePlan } from './plan.ts'
import type { PlanFigure } from './plan.ts'
import { measuredTable, resultRows } from './rows.ts'
import { answerText, beyondTexts, firstLimitText } from './words.ts'

export class CapacityPage extends LitElement {
  static override properties = {
    plan: { state: true },
    wrong: { state: true },
    addressTrouble: { state: true },
  }
  declare plan: CapacityPlan
  /** The texts that cannot be used, by their field. The plan keeps the last value of such a field. */
  declare wrong: ReadonlyMap<PlanFigure, string>
  declare addressTrouble: string | null

  constructor() {
    super()
    this.plan = readPlan(location.search)
    this.wrong = new Map()
    this.addressTrouble = planTrouble(location.search)
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override render(): TemplateResult {
    return html`<main class="capacity">
      <h1>How many processes does your workload need?</h1>
      <p class="dim">
        Several processes of Fourwire can <a href="/docs/server#several-processes-on-redis">share one Redis</a>. This
        page computes from measured figures what your workload costs.
        <a href="/choose">Another page helps to choose the transport.</a>
      </p>
      ${this.addressTrouble === null ? nothing : html`<p class="notice" role="alert">${this.addressTrouble}</p>`}
      <form aria-label="Your workload" @submit=${(event: Event) => event.preventDefault()}>
        ${PLAN_FIGURES.map((name) => this.#field(name))} ${this.#transport()}
      </form>
      ${this.#result()} ${measuredTable(CAPACITY_FIGURES)}
    </main>`
  }

  #field(name: PlanFigure): TemplateResult {
    const { label, unit } = PLAN_FIELDS[name]
    const text = this.wrong.get(name)
    const trouble = text === undefined ? null : figureTrouble(name, text)
    return html`<label for=${name}>${label}</label
      ><input
        id=${name}
        class="field"
        inputmode="decimal"
        autocomplete="off"
        aria-describedby="${name}-unit ${name}-trouble"
        aria-invalid=${trouble === null ? 'false' : 'true'}
        .value=${live(text ?? String(this.plan[name]))}
        @change=${(event: Event) => this.#changed(name, event)}
      /><small id="${name}-unit" class="dim">${unit}</small>
      <p id="${name}-trouble" class="wrong" role="alert">${trouble ?? nothing}</p>`
  }

  #transport(): TemplateResult {
    const changed = ({ target }: Event): void => {
      const transport = target instanceof HTMLSelectElement && PLAN_TRANSPORTS.find((one) => one === target.value)
      if (transport) this.#set({ transport })
    }
    return html`<label for="transport">Transport</label>
      <select id="transport" class="select" .value=${live(this.plan.transport)} @change=${changed}>
        ${PLAN_TRANSPORTS.map((name) => html`<option value=${name} ?selected=${name === this.plan.transport}>${LABELS[name]}</option>`)}
      </select>`
  }

  #changed(name: PlanFigure, { target }: Event): void {
    if (!(target instanceof HTMLInputElement)) return
    const isRight = figureTrouble(name, target.value) === null
    const wrong = new Map(this.wrong)
    if (isRight) wrong.delete(name)
    else wrong.set(name, target.value)
    this.wrong = wrong
    if (isRight) this.#set({ [name]: readNumber(target.value) })
  }

  #set(change: Partial<CapacityPlan>): void {
    this.plan = { ...this.plan, ...change }
    this.addressTrouble = null
    history.replaceState(null, '', location.pathname + writePlan(this.plan))
  }

  #result(): TemplateResult {
    if (this.wrong.size > 0)
      return html`<section aria-labelledby="result">
        <h2 id="result">The answer</h2>
        <p>Correct the marked value first.</p>
      </section>`
    const capacity = capacityOf(this.plan, CAPACITY_FIGURES)
    const beyond = beyondTexts(this.plan, capacity, CAPACITY_FIGURES)
    return html`<section aria-labelledby="result">
      <h2 id="result">The answer</h2>
      <p class="answer" role="status">${answerText(capacity)}</p>
      ${resultRows(this.plan, capacity)}
      <h3>What breaks first</h3>
      <p class="breaks">${firstLimitText(capacity)}</p>
      ${
        beyond.length === 0
          ? nothing
          : html`<h3>Beyond what was measured</h3>
              <ul class="beyond">
                ${beyond.map((text) => html`<li>${text}</li>`)}
              </ul>
              <p>There, the page assumes that each cost stays the same. Nobody has measured whether it does.</p>`
      }
    </section>`
  }
}

customElements.define('fw-capacity', CapacityPage)
