/** What people wrote, and when each lane had it. */
import { LitElement, html } from 'lit'
import type { TemplateResult } from 'lit'
import { LABELS } from '../state/labels.ts'
import type { Message } from '../state/messages.ts'
import { TRANSPORTS } from '../state/order.ts'
import type { Session } from '../state/session.ts'
import { DASH, milliseconds } from './format.ts'
import { isChat } from './ladder/rules.ts'
import { shape } from './shape.ts'

/** No more than a large screen shows. */
const MOST = 30

export class Chat extends LitElement {
  static override properties = { session: { attribute: false }, tick: { attribute: false } }
  declare session: Session
  /** Changes when something arrived. */
  declare tick: number

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override render(): TemplateResult {
    return html`<table>
      <thead>
        <tr>
          <th scope="col">Chat <span class="dim">and its delay by lane, ms</span></th>
          ${TRANSPORTS.map((name) => html`<th scope="col">${shape(name)}<span class="vh">${LABELS[name]}</span></th>`)}
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
      ${TRANSPORTS.map((name, lane) => html`<td>${this.#delay(message, lane) ?? html`${shape(name, true)}<span class="vh">not yet</span>`}</td>`)}
    </tr>`
  }

  /** Undefined while the lane is still to bring it; one that was off then never will. */
  #delay({ receivedAtMs, delayMs, order }: Message, index: number): string | undefined {
    if (receivedAtMs[index] !== undefined) return milliseconds(delayMs[index])
    const lane = this.session.lanes[index]
    return lane?.on && order > lane.startOrder ? undefined : DASH
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
