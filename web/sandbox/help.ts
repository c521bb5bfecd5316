/** Explains how to read the lanes. The code of the ladder draws each mark in this explanation. */
import { LitElement, html } from 'lit'
import type { TemplateResult } from 'lit'
import { sheet, unit } from '../drawing/canvas.ts'
import type { Colours } from '../drawing/colours.ts'
import { drawRules } from '../ladder/rules.ts'
import { drawStrip } from '../ladder/strip.ts'
import type { Span } from '../ladder/geometry.ts'
import { SAMPLES } from './samples.ts'
import type { Sample } from './samples.ts'
import { HELP, NETWORK } from '../drawing/words.ts'

const SHOWN_MS = 2000

export class Help extends LitElement {
  static override properties = { colours: { attribute: false } }
  declare colours: Colours | undefined
  readonly #size = new ResizeObserver(() => this.requestUpdate())

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#size.observe(this)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#size.disconnect()
  }

  protected override render(): TemplateResult {
    return html`${SAMPLES.map(
        ({ title, text }) =>
          html`<div class="sample">
            <canvas role="img" aria-label=${title}></canvas>
            <div>
              <h3>${title}</h3>
              <p class="small dim">${text}</p>
            </div>
          </div>`,
      )}
      <dl class="words">
        ${WORDS.map(
          ([word, help]) =>
            html`<dt>${word}</dt>
              <dd>${help}</dd>`,
        )}
      </dl>
      <h3>Network conditions, below HTTP and the same for all lanes</h3>
      <dl class="words">
        ${NETWORK.map(
          ([word, help]) =>
            html`<dt>${word}</dt>
              <dd>${help}</dd>`,
        )}
      </dl>
      <p class="small dim">
        The server reports when it received each request and when each response left. Without a report, the ladder
        assumes half of the clock’s round trip for each direction. It also draws pings and heartbeats with this
        assumption, because a page cannot see them.
      </p>
      <p class="small">
        <a class="link" href="/docs/web#how-to-read-the-sandbox">How to read the sandbox</a> explains the figures too.
      </p>`
  }

  protected override updated(): void {
    for (const [i, canvas] of this.querySelectorAll('canvas').entries()) this.#draw(canvas, SAMPLES[i])
  }

  #draw(canvas: HTMLCanvasElement, sample: Sample | undefined): void {
    const { colours } = this
    const drawn = sheet(canvas)
    if (!drawn || !colours || !sample) return
    const { pen, width, height } = drawn
    const rem = unit()
    const sizes = {
      server: 0.36,
      browser: 0.8,
      edge: 3 * rem,
      bar: 3 * rem,
      room: 12 * rem,
      carry: 2 * rem,
      dot: 5 * rem,
      text: 0,
    }
    const span: Span = {
      width,
      fromMs: 0,
      endMs: SHOWN_MS,
      pxPerMs: width / SHOWN_MS,
      nowMs: SHOWN_MS,
      dense: false,
      bands: [],
      absences: sample.absences,
      folds: [],
      hiddenMs: 0,
    }
    const rules = sample.trace.arrivals.flatMap(({ messages }) =>
      messages.map((message) => ({ message, atMs: message.event.at })),
    )
    drawStrip(pen, colours, span, sizes, sample.trace, 0, height, () => drawRules(pen, colours, span, rules, 0, height))
  }
}

const WORDS: readonly (readonly [string, string])[] = [
  ['Typical delay (p50)', HELP.p50],
  ['±', HELP.bound],
  ['expected', HELP.expected],
  ['p95', HELP.p95],
  ['p99', HELP.p99],
  ['n', HELP.n],
  ['All delays', HELP.all],
  ['Bytes per message', HELP.bytes],
  ['payload', HELP.payload],
  ['framing', HELP.framing],
  ['heads', HELP.heads],
  ['empty', HELP.nothing],
  ['an hour for 1,000 readers', HELP.hour],
  ['lost, doubled', HELP.ledger],
  ['Only', HELP.only],
]

customElements.define('fw-help', Help)
