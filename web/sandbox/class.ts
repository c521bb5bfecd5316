/**
 * Draws the panel with which the instructor manages the class: the instructor can hide the chat, remove messages, mute
 * or remove people, and clear the room.
 */
import { LitElement, html, nothing } from 'lit'
import type { PropertyValues, TemplateResult } from 'lit'
import type { Moderation } from '../../server/protocol/people.ts'
import { createModerator } from './moderation.ts'
import type { Moderator, PersonState } from './moderation.ts'
import type { SessionActs, SessionFacts } from '../session/session.ts'
import type { Controls } from '../page/controls.ts'
import { isChat } from '../ladder/rules.ts'

/** Greatest number of messages that the panel lists for removal. The instructor can also clear the whole room. */
const MOST_MESSAGES = 50

/** Interval at which the open panel fetches the list of people again. */
const LIST_EVERY_MS = 5000

/** Time in which a second press of the button confirms an action that nobody can undo. */
const CONFIRM_MS = 4000

export class ClassSheet extends LitElement {
  static override properties = {
    session: { attribute: false },
    controls: { attribute: false },
    tick: { attribute: false },
    isChatHidden: { attribute: false },
    hideChat: { attribute: false },
    known: { state: true },
    asked: { state: true },
  }
  declare session: SessionFacts & SessionActs
  declare controls: Controls
  declare tick: number
  declare isChatHidden: boolean
  declare hideChat: (isHidden: boolean) => void
  /** People and their bans; null before the server has sent them. */
  declare known: Moderation | null
  /** Name of the action whose button waits for its second press; empty if no button waits. */
  declare asked: string
  #moderator: Moderator | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  #askedTimer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super()
    this.known = null
    this.asked = ''
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#timer = setInterval(() => void this.#list(), LIST_EVERY_MS)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearInterval(this.#timer)
    clearTimeout(this.#askedTimer)
  }

  protected override firstUpdated(_changed: PropertyValues<this>): void {
    this.#moderator = createModerator(location.origin, this.session.room)
    void this.#list()
  }

  protected override render(): TemplateResult {
    if (!this.session.instructor)
      return html`<p>Only the instructor moderates. Open the link that the server printed.</p>`
    return html`<div class="settings class">
      <p class="acts">
        <button
          class="button"
          type="button"
          aria-pressed=${this.isChatHidden}
          @click=${() => this.hideChat(!this.isChatHidden)}
        >
          ${this.isChatHidden ? 'Show the chat' : 'Hide the chat'}
        </button>
        ${this.#twice('Clear this room', 'Removes every message of this room, for everybody.', (moderator) => moderator.clearRoom())}
        ${this.#twice('Delete all boards', 'Deletes every board of this server, for everybody.', (moderator) => moderator.deleteBoards())}
      </p>
      <p class="small dim">
        Hiding the chat changes only this screen, for example a projector. Every other action affects everybody, and a
        removed message does not come back.
      </p>
      <h3>People</h3>
      ${this.#people()}
      <h3>Messages</h3>
      ${this.#messages()}
    </div>`
  }

  #people(): TemplateResult {
    const bans = new Map(this.known?.people.map(({ user, is }) => [user, is]))
    const signedIn = this.known?.signedIn ?? []
    const names = new Set([...bans.keys(), ...signedIn, ...this.#writers()])
    if (names.size === 0) return html`<p class="dim">Nobody has signed in or written yet.</p>`
    return html`<ul class="moderated">
      ${Array.from(names).map((user) => {
        const is = bans.get(user)
        return html`<li>
          <b><bdi>${user}</bdi></b> <span class="dim">${is ?? ''}</span>
          <span class="acts">
            ${is ? this.#button('Allow', user, 'allowed') : html`${this.#button('Mute', user, 'muted')}${this.#button('Remove', user, 'removed')}`}
            ${signedIn.includes(user) && !is ? this.#button('Sign out', user, 'signed out') : nothing}
          </span>
        </li>`
      })}
    </ul>`
  }

  #button(text: string, user: string, is: PersonState): TemplateResult {
    return html`<button
      class="button"
      type="button"
      aria-label=${`${text} ${user}`}
      @click=${() => this.#do(`${user} is ${is} now.`, (moderator) => moderator.person(user, is))}
    >
      ${text}
    </button>`
  }

  #messages(): TemplateResult {
    const messages = this.session.messages.all.filter(isChat).slice(-MOST_MESSAGES).reverse()
    if (messages.length === 0) return html`<p class="dim">Nobody has written anything since this page was opened.</p>`
    return html`<ul class="moderated">
      ${messages.map(
        ({ event: { id, user, text } }) =>
          html`<li>
            <span
              ><b><bdi>${user}</bdi></b> <bdi>${text}</bdi></span
            >
            <span class="acts">
              <button
                class="button"
                type="button"
                aria-label=${`Remove the message of ${user}: ${text}`}
                @click=${() => this.#do('The message is removed, for everybody.', (moderator) => moderator.removeMessage(id))}
              >
                Remove
              </button>
            </span>
          </li>`,
      )}
    </ul>`
  }

  /**
   * Draws a button for an action that nobody can undo. The first press asks for confirmation, and the second press does
   * the action.
   */
  #twice(text: string, title: string, act: (moderator: Moderator) => Promise<void>): TemplateResult {
    const isAsked = this.asked === text
    return html`<button class="button" type="button" title=${title} @click=${press.bind(this)}>
      ${isAsked ? `Really? ${text}` : text}
    </button>`

    function press(this: ClassSheet): void {
      clearTimeout(this.#askedTimer)
      this.asked = isAsked ? '' : text
      if (isAsked) return void this.#do(`Done: ${text.toLowerCase()}.`, act)
      this.#askedTimer = setTimeout(() => (this.asked = ''), CONFIRM_MS)
    }
  }

  async #do(done: string, act: (moderator: Moderator) => Promise<void>): Promise<void> {
    if (!this.#moderator) return
    try {
      await act(this.#moderator)
      this.controls.say(done)
    } catch (error) {
      this.controls.say(error instanceof Error ? error.message : String(error))
    }
    await this.#list()
  }

  async #list(): Promise<void> {
    if (!this.session.instructor) return
    this.known = (await this.#moderator?.list().catch(() => null)) ?? this.known
  }

  #writers(): readonly string[] {
    const names = this.session.messages.all.filter(isChat).map(({ event }) => event.user)
    return [...new Set(names)].filter(Boolean).slice(-MOST_MESSAGES)
  }
}

customElements.define('fw-class', ClassSheet)
