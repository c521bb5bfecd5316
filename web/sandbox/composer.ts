/** Draws the form for a message: the text, the person's name, and the choice between WebSocket and POST. */
import { LitElement, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { newKey } from '../lane/send.ts'
import type { SessionActs, SessionFacts } from '../session/session.ts'
import type { Controls } from '../page/controls.ts'
import { recall, remember } from '../page/memory.ts'

const LONGEST_NAME = 40
const LONGEST_TEXT = 2000

export class Composer extends LitElement {
  static override properties = {
    session: { attribute: false },
    controls: { attribute: false },
    signedInAs: { attribute: false },
    isWithoutWebSocket: { attribute: false },
  }
  declare session: SessionFacts & SessionActs
  declare controls: Controls
  declare signedInAs: string | null
  declare isWithoutWebSocket: boolean
  /**
   * Key of the message in the field. If the person tries again with the same key, the server publishes the message only
   * once.
   */
  #key = newKey()

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected override render(): TemplateResult {
    const { isWithoutWebSocket } = this
    return html`<form class="compose" @submit=${this.#submit}>
      <label class="vh" for="name">Your name</label>
      <input
        id="name"
        name="name"
        class="field"
        placeholder="Your name"
        autocomplete="nickname"
        maxlength=${LONGEST_NAME}
        .value=${this.signedInAs ?? recall('name') ?? ''}
        ?readonly=${this.signedInAs !== null}
        title=${this.signedInAs === null ? nothing : 'You have signed in with this name.'}
        @change=${this.#rename}
      />
      <label class="vh" for="say">Your message</label>
      <input
        id="say"
        name="text"
        class="field"
        placeholder="Say something"
        autocomplete="off"
        maxlength=${LONGEST_TEXT}
        @input=${this.#typed}
      />
      <label class="vh" for="by">Send by</label>
      <select id="by" name="by" class="select">
        <option value="ws" ?disabled=${isWithoutWebSocket}>
          WebSocket${isWithoutWebSocket ? ': refused by the network' : ''}
        </option>
        <option value="post" ?selected=${isWithoutWebSocket}>POST</option>
      </select>
      <button class="button on">Send</button>
    </form>`
  }

  readonly #rename = ({ target }: Event): void => {
    if (!(target instanceof HTMLInputElement)) return
    remember('name', target.value)
    this.session.rename(target.value.trim())
  }

  readonly #typed = ({ target }: Event): void => {
    this.#key = newKey()
    this.session.typing(target instanceof HTMLInputElement && target.value !== '')
  }

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const form = event.currentTarget
    if (!(form instanceof HTMLFormElement)) return
    const data = new FormData(form)
    const text = String(data.get('text')).trim()
    if (text === '') return
    this.session.typing(false)
    const key = this.#key
    try {
      await this.session.send(
        data.get('by') === 'post' ? 'post' : 'socket',
        String(data.get('name')).trim() || 'anonymous',
        text,
        key,
      )
      // If the person has typed another text meanwhile, the key has changed, and the new text stays in the field.
      if (key === this.#key) this.#empty()
    } catch (error) {
      this.controls.say(
        `Not sent: ${error instanceof Error ? error.message : String(error)}. The text is still in the field.`,
      )
    }
  }

  #empty(): void {
    const field = this.querySelector<HTMLInputElement>('#say')
    if (field) field.value = ''
    this.#key = newKey()
  }
}

customElements.define('fw-composer', Composer)
