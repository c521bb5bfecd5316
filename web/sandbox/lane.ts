/**
 * Draws the row of one lane: the lane's name and state, the space for its strip, its figures, its distribution of
 * delays, and its bytes.
 */
import { LitElement, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { hourFor, partsPerMessage } from '../lab/cost.ts'
import { ageMs, clockBoundMs, quantileOf } from '../session/delays.ts'
import type { Lane } from '../lane/lane.ts'
import { LABELS, LANES } from '../lane/order.ts'
import type { Forecast, SessionActs, SessionFacts } from '../session/session.ts'
import { transports } from '../transports/index.ts'
import { sheet } from '../drawing/canvas.ts'
import { settingControl } from './choice.ts'
import type { Colours } from '../drawing/colours.ts'
import type { Controls } from '../page/controls.ts'
import { drawDistribution } from './distribution.ts'
import { DASH, age, atPoint, bytes, milliseconds, plural, plusMinus, short } from '../page/format.ts'
import { shape } from '../lane/shape.ts'
import { HELP } from '../drawing/words.ts'

export class LaneRow extends LitElement {
  static override properties = {
    session: { attribute: false },
    lane: { attribute: false },
    controls: { attribute: false },
    colours: { attribute: false },
    tick: { attribute: false },
    scale: { attribute: false },
  }
  declare session: SessionFacts & SessionActs & Forecast
  declare lane: Lane
  declare controls: Controls
  declare colours: Colours | undefined
  /** Counter that makes the page draw the figures again when the counter changes. */
  declare tick: number
  /** End of the scale of bytes. All lanes have the same scale. */
  declare scale: number

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override render(): TemplateResult {
    const { lane, session } = this
    return html`<section
      class="lane"
      data-lane=${lane.transport}
      aria-label=${LABELS[lane.transport]}
      .style=${`--i: ${session.lanes.indexOf(lane)}`}
    >
      <div class="rowline"></div>
      ${this.#who()}
      <div class="strip"></div>
      ${this.#delays()}
      <div class="dist">
        <canvas role="img" aria-label=${`Delays of the messages over ${LABELS[lane.transport]}`}></canvas>
      </div>
      ${this.#cost()}
    </section>`
  }

  protected override updated(): void {
    // Before the first tick there is no figure to draw. If the page read the canvas's size now, the browser would have
    // to lay out the page once more.
    if (this.tick === 0) return
    const canvas = this.querySelector<HTMLCanvasElement>('.dist canvas')
    const drawn = canvas && sheet(canvas)
    const { lane, session, colours } = this
    if (!drawn || !colours) return
    const latencies = lane.on && clockBoundMs(session) !== null ? lane.latencies : null
    drawDistribution(drawn, colours, lane.transport, latencies, session.expected(lane))
  }

  #who(): TemplateResult {
    const { lane, session } = this
    const { text, alarm } = session.statusOf(lane)
    const { lost, duplicated } = lane.ledger.counts
    const label = LABELS[lane.transport]
    const isAlone = lane.on && session.lanes.length > 1 && session.lanes.every((other) => other === lane || !other.on)
    return html`<div class="who">
      <h2>
        ${shape(lane.transport, !lane.on)}<span>${label}</span>
        <input
          type="checkbox"
          role="switch"
          class="switch"
          .checked=${lane.on}
          aria-label=${`${label} on`}
          @change=${this.#toggle}
        />
      </h2>
      <p class="does">${transports[lane.transport].verb} ${this.#setting()}</p>
      <p class="state" title=${alarm === null ? text : `${alarm}: ${text}`}>
        ${alarm ? html`<b class="alarm">${alarm}</b> ` : nothing}${text}
      </p>
      <p class="ledger">
        <span title=${HELP.ledger}>${lost} lost · ${duplicated} doubled</span>
        <span class="acts">
          <button
            class="link"
            type="button"
            title=${HELP.code}
            aria-label=${`Code of ${label}`}
            @click=${() => this.controls.open({ code: lane.transport, side: 'server' })}
          >
            Code
          </button>
          <button
            class="link"
            type="button"
            title=${isAlone ? HELP.allLanes : HELP.only}
            aria-label=${isAlone ? 'All lanes' : `Only ${label}`}
            @click=${() => session.only(lane)}
          >
            ${isAlone ? 'All' : 'Only'}
          </button>
        </span>
      </p>
    </div>`
  }

  #setting(): TemplateResult | typeof nothing {
    const { setting } = transports[this.lane.transport]
    return setting ? settingControl(this.session, setting) : nothing
  }

  #delays(): TemplateResult {
    const { lane, session } = this
    const { latencies } = lane
    const bound = clockBoundMs(session)
    const quantile = (p: number) => (lane.on ? quantileOf(session, lane, p) : null)
    const text = (p: number): string => milliseconds(quantile(p)?.ms, bound ?? 0)
    const few = (p: number): string => (latencies.n > 0 && !latencies.enough(p) ? 'few' : '')
    return html`<div class="p50">
      <p class="big ${quantile(0.5) ? '' : 'none'}">
        <span title=${HELP.p50}>p50</span>${figure(text(0.5))}<span class="x" title=${HELP.bound}
          >${plusMinus(bound)}</span
        >
      </p>
      <p class="exp">
        <span title=${HELP.expected}>expected</span
        >${figure(milliseconds(session.expected(lane)?.p50Ms, bound ?? 0))}<span class="x">${TICK}</span>
      </p>
      <p class="l95 ${few(0.95)}">
        <span title=${HELP.p95}>p95</span>${figure(text(0.95))}<span class="x" title=${HELP.n}
          >n ${lane.on ? latencies.n : DASH}</span
        >
      </p>
      <p class="l99 ${few(0.99)}"><span title=${HELP.p99}>p99</span>${figure(text(0.99))}<span class="x"></span></p>
    </div>`
  }

  #cost(): TemplateResult {
    const { lane, session, scale } = this
    const parts = lane.on ? partsPerMessage(lane.usage) : null
    const sum = parts && parts.payload + parts.framing + parts.heads + parts.nothing
    const expected = session.expectedBytes(lane)
    // The page sets the style as a property. The content security policy forbids a style attribute, even if Lit sets
    // it.
    const width = (part: number | undefined): string =>
      part ? `width: ${Math.min(1, part / scale) * 100}%` : 'display: none'
    const tick = expected !== null && lane.on ? `left: ${Math.min(1, expected / scale) * 100}%` : 'display: none'
    const hour = lane.on ? hourFor(lane) : null
    return html`<div class="cost" title=${this.#latest()}>
      <p class="fig">
        <b title=${HELP.bytes}>${bytes(sum)}</b
        ><small title=${HELP.expected}>expected ${expected === null ? DASH : Math.round(expected)}</small>
      </p>
      <div class="stack" aria-hidden="true">
        <i class="payload" .style=${width(parts?.payload)}></i><i class="framing" .style=${width(parts?.framing)}></i
        ><i class="heads" .style=${width(parts?.heads)}></i><i class="empty" .style=${width(parts?.nothing)}></i
        ><i class="model" .style=${tick}></i>
      </div>
      <p class="hour" title=${HELP.hour}>
        <span>${hour ? `${short(hour.requests)} req` : DASH}</span><span>${hour ? `${short(hour.bytes)}B` : ''}</span>
      </p>
      <p class="latest">
        <span title=${HELP.requests}>${plural(lane.tally.requests, 'request')}</span
        ><span title=${HELP.age}>${this.#age()}</span>
      </p>
    </div>`
  }

  #age(): string {
    const ms = ageMs(this.session, this.lane)
    return ms === null ? DASH : `${age(ms)} old`
  }

  #latest(): string {
    const { latest, transport } = this.lane
    if (!latest) return ''
    const { type, user, text } = latest.event
    const act = user === undefined ? type : `${user}: ${type}`
    const said =
      type === 'message' ? `${user}: ${text}` : type === 'tick' ? `message ${latest.seq} of the metronome` : act
    const delayMs = latest.delayMs[LANES.indexOf(transport)]
    return `Latest${delayMs === undefined ? '' : `, after ${milliseconds(delayMs)} ms`}: ${said}`
  }

  readonly #toggle = (event: Event): void => {
    if (event.target instanceof HTMLInputElement) this.session.switchOn(this.lane, event.target.checked)
  }
}

const TICK = html`<svg class="tick" viewBox="0 0 12 9" aria-hidden="true"><path d="M0 4.5h12M6 0v9" /></svg
  ><span class="vh">marked by a tick</span>`

function figure(text: string): TemplateResult {
  const [whole, decimals] = atPoint(text)
  // Seconds have their unit with them, so they do not align with the milliseconds of the other lanes.
  return html`<span class=${text.endsWith('s') ? 'i own-unit' : 'i'}>${whole}</span><span class="f">${decimals}</span>`
}

customElements.define('fw-lane', LaneRow)
