/** Moves the show from a page. If another page drives, the page first asks whether to take over. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { ShowSaying } from '../../server/protocol/show.ts'
import type { FollowedShow } from './follow.ts'
import type { ShowKey } from './keys.ts'
import { nextPlace, previousPlace, sceneNumbered } from './steps.ts'
import type { ShowPlace } from './steps.ts'

export interface Drive {
  /** What the person wanted while another page drives; null if the page asks nothing. */
  readonly pending: ShowSaying | null
  /** Says this to the show, or asks whether to take over first. */
  want(saying: ShowSaying): void
  go(place: ShowPlace | null): void
  /** Does what a key means, if it moves the show. Returns true if it does. */
  press(key: ShowKey): boolean
  /** Takes over, and does what was wanted. */
  takeOver(): void
  cancel(): void
}

type Driven = Pick<FollowedShow, 'scenes' | 'state' | 'client' | 'say' | 'isInstructor'>

const NOT_INSTRUCTOR =
  'Only the instructor moves the show. Open this page with the link that the server printed when it started.'

export function createDrive(show: Driven, listener: { changed(): void; told(sentence: string): void }): Drive {
  let pending: ShowSaying | null = null

  const want = (saying: ShowSaying): void => {
    const { state, isInstructor, client } = show
    if (!state || isInstructor === null) return
    if (!isInstructor) return listener.told(NOT_INSTRUCTOR)
    if (state.driver === null || state.driver === client) return show.say(saying)
    pending = saying
    listener.changed()
  }
  const go = (place: ShowPlace | null): void => {
    if (place) want({ say: 'go', ...place })
  }

  return {
    get pending() {
      return pending
    },
    want,
    go,
    press(key) {
      const { scenes, state } = show
      if (!state) return false
      if (key.is === 'next') go(nextPlace(scenes, state))
      else if (key.is === 'back') go(previousPlace(scenes, state))
      else if (key.is === 'blank') want({ say: 'stage', blank: !state.blank })
      else if (key.is === 'scene') {
        const scene = sceneNumbered(scenes, key.number)
        if (scene) go({ scene: scene.id, step: 'predict' })
      } else return false
      return true
    },
    takeOver() {
      if (pending === null) return
      show.say({ say: 'take' })
      show.say(pending)
      pending = null
      listener.changed()
    },
    cancel() {
      pending = null
      listener.changed()
    },
  }
}

/** Draws the question whether to take over; nothing if there is none. */
export function takeOverQuestion(drive: Drive): TemplateResult | typeof nothing {
  if (drive.pending === null) return nothing
  return html`<section class="question" role="alertdialog" aria-labelledby="take-over">
    <p id="take-over">Another page drives the show. Take over?</p>
    <p>
      <button class="button" type="button" @click=${() => drive.takeOver()}>Take over (Enter)</button>
      <button class="button" type="button" @click=${() => drive.cancel()}>Leave it (Esc)</button>
    </p>
  </section>`
}
