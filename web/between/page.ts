/** The page that tells what is between a browser and a server: one sentence first, then each transport, then advice. */
import { LitElement, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { foundText, networkSentence } from '../lab/found.ts'
import { preflight } from '../lab/preflight.ts'
import type { Between } from '../lab/preflight.ts'
import { copy } from '../page/copy.ts'
import { LABELS } from '../lane/order.ts'
import { shape } from '../lane/shape.ts'
import { meaning, reportText, rowsFor, serverSentence } from './advice.ts'
import { adviceFor } from './documents.ts'
import type { ProxyAdvice } from './documents.ts'

interface Checked {
  readonly between: Between
  readonly at: string
  readonly when: Date
}

export class BetweenPage extends LitElement {
  static override properties = {
    at: { state: true },
    checked: { state: true },
    advice: { state: true },
    isChecking: { state: true },
    said: { state: true },
  }
  /** Origin of the server to ask. */
  declare at: string
  declare checked: Checked | null
  declare advice: ProxyAdvice | null
  declare isChecking: boolean
  declare said: string

  constructor() {
    super()
    this.at = location.origin
    this.checked = this.advice = null
    this.isChecking = false
    this.said = ''
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  async check(given: string): Promise<void> {
    const url = URL.parse(/^\w+:\/\//.test(given) ? given : `http://${given}`)
    if (!url || !/^https?:$/.test(url.protocol)) {
      this.said = `“${given}” is not the address of a server. Give one such as https://fourwire.example.`
      return
    }
    const at = url.origin
    this.at = at
    this.said = ''
    this.checked = this.advice = null
    this.isChecking = true
    history.replaceState(null, '', at === location.origin ? location.pathname : `?at=${encodeURIComponent(at)}`)
    const between = await preflight(at, location.origin)
    this.isChecking = false
    this.checked = { between, at, when: new Date() }
    this.advice = await adviceFor(rowsFor(between))
  }

  protected override render(): TemplateResult {
    const { at, checked, isChecking, said } = this
    return html`<main class="between">
      <h1>What is between me and this server?</h1>
      <form @submit=${this.#submit}>
        <label for="at">Server</label>
        <input id="at" name="at" class="field" inputmode="url" autocomplete="off" spellcheck="false" .value=${at} />
        <button class="button on" ?disabled=${isChecking}>Check</button>
      </form>
      <p class="said" role="status">
        ${said !== '' ? said : isChecking ? 'The page tries four ways at the same time. This takes at most 4 s.' : checked ? this.#sentence(checked) : nothing}
      </p>
      ${checked ? this.#result(checked) : nothing}
    </main>`
  }

  #sentence({ between, at }: Checked): string {
    const server = serverSentence(between, at, location.origin)
    if (server !== null) return server
    return `${networkSentence(between.found)} ${meaning(between.found)}`
  }

  #result({ between, at, when }: Checked): TemplateResult {
    return html`<table>
        <thead>
          <tr>
            <th scope="col">Transport</th>
            <th scope="col">Seen</th>
            <th scope="col" class="number">ms</th>
          </tr>
        </thead>
        <tbody>
          ${between.found.map(
            (one) =>
              html`<tr data-lane=${one.transport}>
                <th scope="row">${shape(one.transport)} ${LABELS[one.transport]}</th>
                <td>${one.found === 'works' ? 'works' : html`<b class="alarm">${foundText(one)}</b>`}</td>
                <td class="number">${one.ms ?? '–'}</td>
              </tr>`,
          )}
        </tbody>
      </table>
      <p class="dim">
        A long poll is held for 2 s. An event stream is held back if two events, sent one second apart, arrive together.
        A browser does not say why a WebSocket was refused.
      </p>
      <p>
        <button class="button" type="button" @click=${() => this.#copy(reportText(between, at, when))}>
          Copy this report
        </button>
      </p>
      ${this.#advice()}`
  }

  #advice(): TemplateResult | typeof nothing {
    const { advice } = this
    if (!advice || advice.rows.length === 0) return nothing
    return html`<section aria-labelledby="advice">
      <h2 id="advice">If the proxy or the firewall is yours</h2>
      ${advice.rows.map(
        ([problem, seen, solution]) =>
          html`<h3>${problem}</h3>
            <p>${seen}</p>
            <p><b>What helps:</b> ${solution}</p>`,
      )}
      <details>
        <summary>Whole configurations for Caddy, nginx and HAProxy</summary>
        ${advice.configurations}
      </details>
      <p><a href="/docs/server#behind-a-proxy-for-tls">All of this in the document about the server</a></p>
    </section>`
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault()
    if (event.currentTarget instanceof HTMLFormElement)
      void this.check(String(new FormData(event.currentTarget).get('at')).trim())
  }

  async #copy(text: string): Promise<void> {
    const isCopied = await copy(text)
    this.said = isCopied ? 'The report is in the clipboard.' : 'The browser does not let this page copy.'
  }
}

customElements.define('fw-between', BetweenPage)
