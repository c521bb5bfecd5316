/** One lane's row: who it is and what it does, room for its strip, its figures, its distribution, its bytes. */
import { LitElement, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { now } from '../now.ts'
import { INTERVALS_MS, WAITS_S } from '../state/address.ts'
import { hourFor, partsPerMessage } from '../state/cost.ts'
import { LABELS } from '../state/labels.ts'
import type { Lane } from '../state/lane.ts'
import { TRANSPORTS } from '../state/order.ts'
import type { Session } from '../state/session.ts'
import { sheet } from './canvas.ts'
import { choice } from './choice.ts'
import type { Colours } from './colours.ts'
import type { Controls } from './controls.ts'
import { drawDistribution } from './distribution.ts'
import { DASH, age, atPoint, bytes, milliseconds, plural, plusMinus, short } from './format.ts'
import { shape } from './shape.ts'
import { HELP, VERBS } from './words.ts'

export class LaneRow extends LitElement {
  static override properties = {
    session: { attribute: false },
    lane: { attribute: false },
    controls: { attribute: false },
    colours: { attribute: false },
    tick: { attribute: false },
    scale: { attribute: false },
  }
  declare session: Session
  declare lane: Lane
  declare controls: Controls
  declare colours: Colours | undefined
  /** Changes when the figures are due. */
  declare tick: number
  /** Where the bytes' scale ends, the same for all lanes. */
  declare scale: number

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override render(): TemplateResult {
    const { lane } = this
    return html`<section class="lane" data-lane=${lane.transport} aria-label=${LABELS[lane.transport]}>
      <div class="rowline"></div>
      ${this.#who()}
      <div class="strip"></div>
      ${this.#delays()}
      <div class="dist">
        <canvas role="img" aria-label=${`How late the messages of ${LABELS[lane.transport]} arrive`}></canvas>
      </div>
      ${this.#cost()}
    </section>`
  }

  protected override updated(): void {
    // Nothing is measured yet, and asking for sizes now would have the page laid out in between.
    if (this.tick === 0) return
    const canvas = this.querySelector<HTMLCanvasElement>('.dist canvas')
    const drawn = canvas && sheet(canvas)
    if (drawn && this.colours) drawDistribution(drawn, this.colours, this.lane, this.session.expected(this.lane))
  }

  #who(): TemplateResult {
    const { lane, session } = this
    const { text, alarm } = session.stateOf(lane)
    const { lost, duplicated } = lane.ledger.counts
    const label = LABELS[lane.transport]
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
      <p class="does">${VERBS[lane.transport]} ${this.#setting()}</p>
      <p class="state">${alarm ? html`<b class="alarm">${alarm}</b> ` : nothing}${text}</p>
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
            title=${HELP.only}
            aria-label=${`Only ${label}`}
            aria-pressed=${lane.on && session.lanes.every((other) => other === lane || !other.on)}
            @click=${() => session.only(lane)}
          >
            Only
          </button>
        </span>
      </p>
    </div>`
  }

  #setting(): TemplateResult | typeof nothing {
    const { session, lane } = this
    if (lane.transport === 'short-poll')
      return choice(
        'Poll interval',
        INTERVALS_MS,
        session.intervalMs,
        (ms) => `${ms / 1000} s`,
        (ms) => session.setInterval(ms),
      )
    if (lane.transport === 'long-poll')
      return choice(
        'Longest hold',
        WAITS_S,
        session.waitS,
        (s) => `${s} s`,
        (s) => session.setWait(s),
      )
    return nothing
  }

  #delays(): TemplateResult {
    const { lane, session } = this
    const { latencies } = lane
    const bound = session.clock.at(now())?.boundMs ?? null
    const text = (p: number): string => (lane.on ? milliseconds(latencies.quantile(p)?.ms, bound ?? 0) : DASH)
    const few = (p: number): string => (latencies.n > 0 && !latencies.enough(p) ? 'few' : '')
    return html`<div class="p50">
      <p class="big ${latencies.n > 0 && lane.on ? '' : 'none'}">
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
    // As a property: an attribute, even one that Lit sets, is an inline style to the content security policy.
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
        ><i class="heads" .style=${width(parts?.heads)}></i><i class="hollow" .style=${width(parts?.nothing)}></i
        ><i class="model" .style=${tick}></i>
      </div>
      <p class="hour" title=${HELP.hour}>
        <span>${hour ? `${short(hour.requests)} req` : DASH}</span><span>${hour ? `${short(hour.bytes)}B` : ''}</span>
      </p>
      <p class="latest">
        <span title=${HELP.requests}>${plural(lane.tally.requests, 'request')}</span><span>${this.#age()}</span>
      </p>
    </div>`
  }

  #age(): string {
    const { latest } = this.lane
    return latest ? `${age(now() - latest.event.at + (this.session.offsetMs ?? 0))} old` : DASH
  }

  #latest(): string {
    const { latest, transport } = this.lane
    if (!latest) return ''
    const { type, user, text } = latest.event
    const said = type === 'message' ? `${user}: ${text}` : type === 'tick' ? `number ${latest.seq}` : `${user}: ${type}`
    const delay = milliseconds(latest.delayMs[TRANSPORTS.indexOf(transport)])
    return `Latest, after ${delay} ms: ${said}`
  }

  readonly #toggle = (event: Event): void => {
    if (event.target instanceof HTMLInputElement) this.session.switchOn(this.lane, event.target.checked)
  }
}

const TICK = html`<svg class="tick" viewBox="0 0 12 9" aria-hidden="true"><path d="M0 4.5h12M6 0v9" /></svg
  ><span class="vh">marked by a tick</span>`

function figure(text: string): TemplateResult {
  const [whole, decimals] = atPoint(text)
  return html`<span class="i">${whole}</span><span class="f">${decimals}</span>`
}

customElements.define('fw-lane', LaneRow)
