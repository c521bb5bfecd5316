/** Shows the chat messages, each with its delay on each lane. */
import { LitElement, html } from 'lit'
import type { TemplateResult } from 'lit'
import type { Message } from '../lane/messages.ts'
import type { Lane } from '../lane/lane.ts'
import { LABELS, LANES } from '../lane/order.ts'
import type { SessionFacts } from '../session/session.ts'
import { DASH, milliseconds } from '../page/format.ts'
import { isChat } from '../ladder/rules.ts'
import { shape } from '../lane/shape.ts'

/** Greatest number of messages that are shown. This many messages fill even a large screen. */
const MOST = 30

export class Chat extends LitElement {
  static override properties = { session: { attribute: false }, tick: { attribute: false } }
  declare session: SessionFacts
  /** Counter that changes when a message has arrived, so that the page draws again. */
  declare tick: number

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override render(): TemplateResult {
    return html`<table>
      <thead>
        <tr>
          <th scope="col">Chat <span class="dim">and its delay by lane, ms</span></th>
          ${this.session.lanes.map(({ name }) => html`<th scope="col">${shape(name)}<span class="vh">${LABELS[name]}</span></th>`)}
        </tr>
      </thead>
      <tbody>
        ${lastChats(this.session.messages.all).map((message) => this.#row(message))}
      </tbody>
    </table>`
  }

  #row(message: Message): TemplateResult {
    const { user, text } = message.event
    return html`<tr>
      <td>
        <b><bdi>${user}</bdi></b> <bdi>${text}</bdi>
      </td>
      ${this.session.lanes.map((lane) => html`<td>${this.#delay(message, lane) ?? html`${shape(lane.name, true)}<span class="vh">not yet</span>`}</td>`)}
    </tr>`
  }

  /**
   * Returns the delay of a message on a lane; undefined if the lane will still bring the message, and a dash if it
   * never will.
   */
  #delay({ receivedAtMs, delayMs, order }: Message, { name, on, startOrder }: Lane): string | undefined {
    const index = LANES.indexOf(name)
    if (receivedAtMs[index] !== undefined) return milliseconds(delayMs[index])
    return on && order > startOrder ? undefined : DASH
  }
}

function lastChats(messages: readonly Message[]): Message[] {
  const found: Message[] = []
  for (let i = messages.length - 1; i >= 0 && found.length < MOST; i--) {
    const message = messages[i]
    if (message && isChat(message)) found.push(message)
  }
  return found.reverse()
}

customElements.define('fw-chat', Chat)
