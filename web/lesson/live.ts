/** The live part of a lesson's page: the network conditions, the lanes on one time axis, and the checks. */
import { LitElement, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { LessonState, ToldLesson } from '../../server/lessons/state.ts'
import { now } from '../now.ts'
import { ZOOMS } from '../session/address.ts'
import type { Address } from '../session/address.ts'
import { ask } from './lesson.ts'
import { SETTINGS } from '../lane/order.ts'
import { isNeutral, presetOf } from '../session/network.ts'
import type { SandboxSession } from '../session/session.ts'
import { transports } from '../transports/index.ts'
import type { Colours } from '../drawing/colours.ts'
import type { Controls } from '../page/controls.ts'
import { DASH } from '../page/format.ts'
import '../ladder/ladder.ts'
import { trouble, withoutWebSocket } from '../page/trouble.ts'
import { checkList, merged } from './checks.ts'
import type { Checked } from './checks.ts'
import { laneRow } from './row.ts'

const SAID_MS = 9000

export class LessonLive extends LitElement implements Controls {
  static override properties = {
    lesson: { attribute: false },
    look: { attribute: false },
    yours: { attribute: false },
    address: { attribute: false },
    session: { attribute: false },
    state: { attribute: false },
    colours: { attribute: false },
    tick: { attribute: false },
    pausedMs: { state: true },
    said: { state: true },
    read: { state: true },
  }
  /** Name of the lesson, such as `04-long-polling`. */
  declare lesson: string
  /** Address of the sandbox in the state that the lesson describes. */
  declare look: string
  declare yours: string
  declare address: Address
  declare session: SandboxSession | undefined
  /** State of the lesson that runs in a terminal; null if no lesson runs, and undefined before the page knows this. */
  declare state: ToldLesson | null | undefined
  declare colours: Colours | undefined
  /** Counter that makes the page draw the figures again when the counter changes. */
  declare tick: number
  declare pausedMs: number | null
  declare said: string
  declare read: string
  #checks: readonly Checked[] = []
  #saidTimer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super()
    this.lesson = this.look = this.yours = this.said = this.read = ''
    this.pausedMs = null
    this.tick = 0
  }

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  say(sentence: string): void {
    this.said = sentence
    clearTimeout(this.#saidTimer)
    this.#saidTimer = setTimeout(() => (this.said = ''), SAID_MS)
  }

  readOut(sentence: string): void {
    this.read = sentence
  }

  pause(): void {
    this.pausedMs = this.pausedMs === null ? now() : null
  }

  zoomBy(factor: number): number {
    const zoom = ZOOMS[ZOOMS.indexOf(this.address.zoom) + (factor > 1 ? 1 : -1)] ?? this.address.zoom
    this.address = { ...this.address, zoom }
    return zoom
  }

  open(): void {
    this.say('Open the sandbox and click a mark there to see the bytes of its exchange.')
  }

  close(): void {}

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    const ours = this.#ours()
    if (changed.has('state') && ours) this.#checks = merged(this.#checks, ours)
  }

  protected override render(): TemplateResult {
    const { session } = this
    return html`<section class="live" aria-label="Live">
      ${session ? trouble(session) : nothing} ${session ? withoutWebSocket(session) : nothing}
      ${
        session
          ? html`${this.#conditions(session)} ${this.#lanes(session)}
              <section class="checks" aria-label="Checks">${this.#checked()}</section>`
          : nothing
      }
    </section>`
  }

  #conditions(session: SandboxSession): TemplateResult {
    const { look } = this
    const { conditions, presets, ratePerSecond } = session
    const preset = conditions && presetOf(conditions, presets)
    const network = !conditions
      ? DASH
      : isNeutral(conditions)
        ? 'none'
        : (preset?.name ?? `${conditions.latencyMs} ms each way`)
    return html`<p class="holds">
      <span>Network <b class="network">${network}</b></span>
      <span>Messages <b class="rate">${ratePerSecond ?? DASH}</b>/s</span>
      ${this.#setting(session)}
      <span class="right"
        ><button class="link" type="button" aria-pressed=${this.pausedMs !== null} @click=${() => this.pause()}>
          ${this.pausedMs === null ? 'Pause' : 'Resume'}
        </button>
        <a href=${look}>Open in the sandbox</a></span
      >
    </p>`
  }

  #setting(session: SandboxSession): TemplateResult {
    const shown = SETTINGS.filter((setting) =>
      session.lanes.some(({ transport }) => transports[transport].setting === setting),
    )
    return html`${shown.map(({ name, verb, perSecond }) => html`<span>${verb.slice(0, 1).toUpperCase()}${verb.slice(1)} <b>${session[name] / perSecond} s</b></span>`)}`
  }

  #lanes(session: SandboxSession): TemplateResult {
    return html`<div class="lanes">
      ${session.lanes.map((lane) => laneRow(session, lane, { at: this.state?.yours ?? this.yours, hopMs: this.state?.hopMs ?? null }))}
      <fw-ladder
        class="score"
        .session=${session}
        .controls=${this}
        .zoom=${this.address.zoom}
        .pausedMs=${this.pausedMs}
        .colours=${this.colours}
        .opened=${null}
      ></fw-ladder>
      <p class="statusline" role="status">${this.read || this.said}</p>
    </div>`
  }

  #checked(): TemplateResult | typeof nothing {
    const { state, lesson } = this
    const number = Number(lesson.slice(0, 2))
    const ours = this.#ours()
    if (ours)
      return checkList(this.#checks, ours, number, {
        check: () => void ask('check'),
        hint: () => void ask('hint'),
        hunt: () => void ask('hunt'),
      })
    if (state === undefined) return nothing
    const running =
      state &&
      html`<p>Your terminal runs another lesson: <a href=${`/lessons/${state.lesson}`}>${state.title}</a></p>
        <p>
          <button class="button" type="button" @click=${() => void ask({ start: lesson })}>
            Start lesson ${number}
          </button>
          This ends the other lesson. Your work is kept.
        </p>`
    return html`<div class="head"><h2>Checks</h2></div>
      ${running ?? nothing}
      <p>
        ${running ? 'You can also start' : 'To work on this lesson, start'} it in a terminal, in the folder of the
        repository:
      </p>
      <pre class="sh"><code>npm run lesson ${number}</code></pre>
      <p class="dim">
        The lesson opens its own sandbox. There this page shows the checks every time you save. If the lesson builds a
        transport, your transport is a lane beside the reference.
      </p>`
  }

  /** Returns the state of the lesson on this page; null if this lesson does not run. */
  #ours(): LessonState | null {
    return this.state?.lesson === this.lesson ? this.state : null
  }
}

customElements.define('fw-lesson', LessonLive)
