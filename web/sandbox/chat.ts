/** Shows the chat messages, each with its delay on each lane. */
import { LitElement, html, nothing } from 'lit'
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
  static override properties = {
    session: { attribute: false },
    tick: { attribute: false },
    publishButton: { attribute: false },
  }
  declare session: SessionFacts
  /** Counter that changes when a message has arrived, so that the page draws again. */
  declare tick: number
  /** Button that publishes one message. */
  declare publishButton: TemplateResult
  /** Id of the newest message that is shown; empty before the first. */
  #newest = ''

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override render(): TemplateResult {
    const chats = lastChats(this.session.messages.all)
    return html`<table>
      <thead>
        <tr>
          <th scope="col">Chat <span class="dim">and its delay by lane, ms</span> ${this.publishButton}</th>
          ${this.session.lanes.map(({ name }) => html`<th scope="col">${shape(name)}<span class="vh">${LABELS[name]}</span></th>`)}
        </tr>
      </thead>
      <tbody tabindex="0" aria-label="Chat messages">
        ${chats.length === 0 ? this.#nothingYet() : chats.map((message) => this.#row(message))}
      </tbody>
    </table>`
  }

  /** Keeps the newest message in sight. A person who scrolls back sees the older ones until the next message comes. */
  protected override updated(): void {
    const newest = lastChats(this.session.messages.all).at(-1)?.event.id ?? ''
    if (newest === this.#newest) return
    this.#newest = newest
    const list = this.querySelector('tbody')
    if (list) list.scrollTop = list.scrollHeight
  }

  #nothingYet(): TemplateResult {
    const isSilent = this.session.ratePerSecond === 0
    return html`<tr class="nothing-yet">
      <td colspan=${this.session.lanes.length + 1} class="dim">
        Nobody has written yet. A message that you write below appears here, with its delay on each lane.
        ${isSilent ? html`The metronome is silent (0 messages/s): <i>Publish one</i>, or the key P, sends a single message.` : nothing}
      </td>
    </tr>`
  }

  #row(message: Message): TemplateResult {
    const { user, text } = message.event
    return html`<tr>
      <td>
        <b title=${user ?? ''}><bdi>${user}</bdi></b> <bdi>${text}</bdi>
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
