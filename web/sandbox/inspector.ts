/**
 * Shows a decoded exchange, with the bytes on the left and their meaning on the right. If the exchange continues, the
 * inspector fetches it again and again.
 */
import { LitElement, html, nothing } from 'lit'
import type { PropertyValues, TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Inspected } from '../../server/protocol/wire.ts'
import { isOver, sectionsOf, sentenceOf } from '../inspect/exchange.ts'
import type { Section } from '../inspect/exchange.ts'
import { count } from '../inspect/line.ts'
import type { InspectorLine } from '../inspect/line.ts'
import { plainText } from '../inspect/plain.ts'
import { see } from '../inspect/see.ts'
import type { VisibleExchange } from '../inspect/see.ts'
import type { Spans } from '../inspect/timing.ts'
import { now } from '../now.ts'
import { transports } from '../transports/index.ts'
import { LABELS } from '../lane/order.ts'
import type { SessionActs, SessionFacts } from '../session/session.ts'
import type { Controls } from '../page/controls.ts'
import { toHar } from '../inspect/har.ts'
import { harExchange, lastMinute } from './archive.ts'
import { copy } from '../page/copy.ts'
import { download } from './download.ts'
import { milliseconds } from '../page/format.ts'

const AGAIN_MS = 500
/**
 * Shortest pause before the next request, as a multiple of the last response's duration. The clock measures over the
 * same connection, so the connection must be free most of the time.
 */
const IDLE_SHARE = 4
/**
 * Number of a stream's events that are shown first. The next two numbers: how many events each step adds, and how many
 * are shown at most.
 */
const FIRST_SHOWN = 5
const STEP_SHOWN = 50
const MOST_SHOWN = 2000

export class Inspector extends LitElement {
  static override properties = {
    session: { attribute: false },
    controls: { attribute: false },
    exchange: { attribute: false },
    transport: { attribute: false },
    step: { attribute: false },
    tick: { attribute: false },
    found: { state: true },
    trouble: { state: true },
    folds: { state: true },
    shownFrom: { state: true },
    collecting: { state: true },
  }
  declare session: SessionFacts & SessionActs
  declare controls: Controls
  /** Number of the exchange; 0 before the page knows one. */
  declare exchange: number
  declare transport: TransportName
  declare step: (by: -1 | 1) => void
  /** Counter that changes when another exchange may have begun, so that the page draws again. */
  declare tick: number
  /** The exchange; null if the server no longer keeps it, undefined before the server has answered. */
  declare found: Inspected | null | undefined
  declare trouble: string
  /** For each section that a person opened or closed: the section's key, and true if it is open. */
  declare folds: ReadonlyMap<string, boolean>
  /** Key of the first event that is shown. */
  declare shownFrom: string | undefined
  /** Progress of the archive that the page is collecting; '' if it collects none. */
  declare collecting: string
  #collection: AbortController | undefined
  #newest: string | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super()
    this.trouble = ''
    this.collecting = ''
    this.folds = new Map()
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#timer)
    this.#collection?.abort()
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('exchange') || changed.has('transport')) this.#begin()
  }

  protected override render(): TemplateResult {
    const { found } = this
    return html`<div class="inspector">${this.#steps()} ${found ? this.#exchange(found) : this.#empty()}</div>`
  }

  protected override updated(): void {
    const { exchange, transport, session, controls } = this
    const latest = session.exchanges.latest(transport)
    if (exchange === 0 && latest !== null) controls.open({ exchange: latest, transport })
  }

  #begin(): void {
    clearTimeout(this.#timer)
    this.found = undefined
    this.trouble = ''
    this.folds = new Map()
    this.shownFrom = this.#newest = undefined
    if (this.exchange !== 0) void this.#ask(this.exchange)
  }

  async #ask(exchange: number): Promise<void> {
    const askedAtMs = now()
    try {
      const found = await this.session.inspect(exchange)
      if (exchange !== this.exchange) return
      // An exchange that the page has fetched stays visible, even if the server no longer keeps it.
      this.found = found ?? this.found ?? null
      this.trouble = ''
      if (found === null || isOver(found)) return
    } catch (error) {
      if (exchange !== this.exchange) return
      this.trouble = error instanceof Error ? error.message : String(error)
    }
    if (this.isConnected) this.#timer = setTimeout(() => this.#again(exchange), againMs(now() - askedAtMs))
  }

  #again(exchange: number): void {
    if (document.visibilityState === 'visible') void this.#ask(exchange)
    else this.#timer = setTimeout(() => this.#again(exchange), AGAIN_MS)
  }

  #steps(): TemplateResult {
    const { exchange, transport, found } = this
    const { exchanges } = this.session
    const button = (by: -1 | 1, text: string, key: string): TemplateResult =>
      html`<button
        type="button"
        title=${`The ${text.toLowerCase()} exchange of this lane (${key})`}
        aria-keyshortcuts=${key}
        aria-disabled=${exchanges.beside(exchange, transport, by) === null}
        @click=${() => this.step(by)}
      >
        ${text}
      </button>`
    return html`<div class="steps">
      <span class="segments" role="group" aria-label="Exchange">
        ${button(-1, 'Earlier', '[')}${button(1, 'Later', ']')}
      </span>
      <span class="small dim">${exchange > 0 ? `exchange ${exchange}` : nothing}</span>
      <span class="exports">
        ${found ? html`${link('Copy as text', '', this.#copy)} ${link('Save as HAR', HAR, this.#save)}` : nothing}
        ${
          this.collecting
            ? html`<span class="small dim" role="status">${this.collecting}</span>
                ${link('Cancel', '', () => this.#collection?.abort())}`
            : link('Save the last minute', `${HAR} It contains all lanes of this page.`, this.#saveMinute)
        }
      </span>
    </div>`
  }

  #empty(): TemplateResult {
    const { trouble, exchange, found, transport, session } = this
    if (trouble) return html`<p role="status">${trouble}</p>`
    if (exchange === 0) {
      const lane = session.lanes.find((one) => one.transport === transport)
      return html`<p role="status">
        There is no exchange yet: ${LABELS[transport]} ${lane?.on ? 'has sent no request' : 'is off'}.
      </p>`
    }
    if (found === undefined) return html`<p class="dim">…</p>`
    return html`<p role="status">
      The server keeps only the bytes of the latest exchanges, and no longer those of this one. Press <b>Later</b> to
      see an exchange that it still keeps.
    </p>`
  }

  #exchange(found: Inspected): TemplateResult {
    const { session } = this
    const { seen, spans } = harExchange(session, found)
    const [what, sum] = sentenceOf(found, seen)
    const total = spans.up !== null && spans.server !== null && spans.down !== null
    return html`<p>
        <b>${what}</b>
        ${sum}${total ? `, ${milliseconds((spans.up ?? 0) + (spans.server ?? 0) + (spans.down ?? 0))} ms` : ''}.
      </p>
      ${bar(spans, this.transport, isStream(found))}
      <p class="small dim">${connectionSentence(found)}</p>
      ${this.trouble ? html`<p class="small" role="status">${this.trouble} The bytes below were read before.</p>` : nothing}
      ${maskSentence(seen)} ${this.#sections(found, sectionsOf(found, seen))}`
  }

  #sections(found: Inspected, sections: readonly Section[]): TemplateResult {
    const firstOfMany = sections.findIndex(({ isOfMany }) => isOfMany)
    const heads = firstOfMany < 0 ? sections : sections.slice(0, firstOfMany)
    const many = firstOfMany < 0 ? [] : sections.slice(firstOfMany)
    this.#newest ??= many.findLast(({ isOfMany, made }) => isOfMany && made.includes('payload'))?.key
    const from = this.#from(many)
    const shown = (section: Section): TemplateResult => this.#section(found, section)
    return html`${repeat(heads, ({ key }) => key, shown)}
    ${from > 0 ? html`<p><button class="link more-before" type="button" @click=${() => this.#showMore(many, from)}>… ${from.toLocaleString('en')} more before</button></p>` : nothing}
    ${repeat(many.slice(from), ({ key }) => key, shown)}`
  }

  /**
   * Returns the index of the first event that is shown. The index stays the same while more events come, so that the
   * text does not move while a person reads.
   */
  #from(many: readonly Section[]): number {
    const known = many.findIndex(({ key }) => key === this.shownFrom)
    const from = known < 0 ? Math.max(0, many.length - FIRST_SHOWN) : Math.max(known, many.length - MOST_SHOWN)
    this.shownFrom = many[from]?.key
    return from
  }

  #showMore(many: readonly Section[], from: number): void {
    this.shownFrom = many[Math.max(0, from - STEP_SHOWN)]?.key
  }

  #section(found: Inspected, section: Section): TemplateResult {
    const { key, title, made, up } = section
    const name = html`<h3>
      ${title}
      <span>${up === null ? '' : isStream(found) && section.isOfMany ? `${up ? 'up' : 'down'} · ` : ''}${made}</span>
    </h3>`
    if (section.lines().length === 0) return html`<div class="part bare">${name}</div>`
    const open = this.folds.get(key) ?? (!isStream(found) || this.#newest === undefined || key === this.#newest)
    const fold = ({ currentTarget }: Event): void => {
      if (!(currentTarget instanceof HTMLDetailsElement) || currentTarget.open === open) return
      this.folds = new Map(this.folds).set(key, currentTarget.open)
    }
    return html`<details class="part" .open=${open} @toggle=${fold}>
      <summary>${name}</summary>
      ${open ? table(`${title}, line by line`, section.lines()) : nothing}
    </details>`
  }

  readonly #copy = async (): Promise<void> => {
    const { found, session, controls } = this
    if (!found) return
    const text = plainText(
      found,
      see(found, (id) => session.isOwn(id)),
    )
    const copied = await copy(text)
    controls.say(
      copied
        ? `Copied: exchange ${found.exchange}, ${text.length.toLocaleString('en')} characters.`
        : 'Not copied: this browser does not let a page write to the clipboard. Select the lines and copy them.',
    )
  }

  readonly #save = (): void => {
    const { found, session } = this
    if (!found) return
    const name = `fourwire-${session.room}-exchange-${found.exchange}.har`
    download(name, 'application/json', toHar([harExchange(session, found)], location.origin))
    this.controls.say(`Saved: ${name}.`)
  }

  readonly #saveMinute = async (): Promise<void> => {
    const { session, controls } = this
    this.#collection = new AbortController()
    const { signal } = this.#collection
    this.collecting = 'Reading …'
    try {
      const { exchanges, missing } = await lastMinute(session, signal, (done, all) => {
        this.collecting = `Reading exchange ${done + 1} of ${all} …`
      })
      if (exchanges.length === 0) return controls.say('Not saved: the server keeps no exchange of the last minute.')
      const name = `fourwire-${session.room}-minute.har`
      download(name, 'application/json', toHar(exchanges, location.origin))
      const lost = missing > 0 ? ` The bytes of ${missing} others are no longer kept.` : ''
      controls.say(`Saved: ${name}, ${count(exchanges.length, 'exchange')}.${lost}`)
    } catch (error) {
      controls.say(
        signal.aborted
          ? 'Not saved: cancelled.'
          : `Not saved: ${String(error instanceof Error ? error.message : error)}`,
      )
    } finally {
      this.collecting = ''
    }
  }
}

const HAR = 'A file for the network panel of a browser’s developer tools (HTTP Archive 1.2).'

function link(text: string, title: string, act: () => void): TemplateResult {
  return html`<button class="link" type="button" title=${title || nothing} @click=${act}>${text}</button>`
}

function againMs(tookMs: number): number {
  return Math.max(AGAIN_MS, IDLE_SHARE * tookMs)
}

function isStream({ transport }: Inspected): boolean {
  return transport !== null && transports[transport].kind !== 'poll'
}

/** Reports whether the server holds requests of this transport until there is a message. */
function isHolding(transport: TransportName): boolean {
  const { kind, canPush } = transports[transport]
  return kind === 'poll' && canPush
}

/** Draws a bar of the durations that are known. */
function bar(spans: Spans, of: TransportName, stream: boolean): TemplateResult | typeof nothing {
  const { up, server, down } = spans
  if (server === null) return nothing
  const total = (up ?? 0) + server + (down ?? 0)
  const piece = (ms: number | null, name: string, kind: string): TemplateResult | typeof nothing =>
    ms === null
      ? nothing
      : // The style is set as a property, because the content security policy forbids a style attribute.
        html`<span class=${kind} .style=${`flex-grow: ${total > 0 ? ms / total : 1}`}
          >${name} ${milliseconds(ms)} ms</span
        >`
  return html`<div
    class="spans"
    role="group"
    aria-label=${stream ? 'Time until the connection was open' : 'Duration of the exchange'}
  >
    ${piece(up, 'up', 'up')}${piece(server, isHolding(of) ? 'held' : 'server', 'on-server')}${piece(down, 'down', 'down')}
  </div>`
}

function connectionSentence({ requestOfConnection, connection }: Inspected): string {
  return requestOfConnection > 1
    ? `This is request ${requestOfConnection} of connection ${connection}, so it needed no TCP handshake.`
    : `This is the first request of connection ${connection}. Before it, the TCP handshake needed one round trip.`
}

function maskSentence({ isMasked, hasCredentials }: VisibleExchange): TemplateResult | typeof nothing {
  if (!isMasked && !hasCredentials) return nothing
  const what = [
    isMasked ? 'text of other people, and bytes that may be such text' : '',
    hasCredentials ? 'credentials' : '',
  ]
  return html`<p class="small dim">Each • replaces a masked character: ${what.filter(Boolean).join('; ')}.</p>`
}

function table(label: string, lines: readonly InspectorLine[]): TemplateResult {
  const three = lines.some(({ field }) => field !== undefined)
  return html`<table class=${three ? 'bytes three' : 'bytes'} aria-label=${label}>
    <thead>
      <tr>
        <th scope="col">${three ? 'Bits or bytes' : 'Bytes'}</th>
        ${three ? html`<th scope="col">Field</th>` : nothing}
        <th scope="col">Meaning</th>
      </tr>
    </thead>
    <tbody>
      ${lines.map(
        ({ bytes, field, meaning, kind }) =>
          html`<tr class=${kind}>
            <td><code>${bytes}</code></td>
            ${three ? html`<td>${field}</td>` : nothing}
            <td>${meaning}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

customElements.define('fw-inspector', Inspector)
