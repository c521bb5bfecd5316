/** What stands around every picture: the question above it; the sentence, the scenes and the address below it. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { Scene, ShowState, Step } from '../../server/protocol/show.ts'
import { STEP_NAMES, numberOf, sceneAfter } from '../show/steps.ts'
import { votedText } from '../show/votes.ts'
import { figureText } from './figures.ts'
import type { StageFacts } from './facts.ts'
import { LABELS } from '../lane/order.ts'

export function head({ scenes, scene, state, leftMs }: StageFacts): TemplateResult {
  const number = numberOf(scenes, scene.id)
  const question = scene.question === '' ? scene.title : scene.question
  return html`<header class="head">
    <p class="title">${number === null ? scene.title : `${number} ${scene.title}`}</p>
    ${scene.view !== 'join' ? html`<p class="steps"><span class="left">${leftText(leftMs)}</span>${steps(state.step)}</p>` : html`<p></p>`}
    <h1 class=${sizeOf(question)}>${whole(question)}</h1>
  </header>`
}

/** Returns the size of a question, so that it fits into one large line or two smaller ones. */
function sizeOf({ length }: string): string {
  return length <= LARGE ? 'large' : length <= MIDDLE ? 'middle' : 'small'
}

/** Numbers of characters that fit with certainty. */
const LARGE = 52
const MIDDLE = 140

/** Keeps words such as Wi-Fi on one line. */
const whole = (text: string): string => text.replace(/(?<=\w)-(?=\w)/g, '\u2011')

function steps(present: Step): readonly TemplateResult[] {
  const first: Step = present === 'closed' ? 'closed' : 'predict'
  return ([first, 'run', 'explain'] as const).map((step) =>
    step === present ? html`<b aria-current="step">${STEP_NAMES[step]}</b>` : html`<span>${STEP_NAMES[step]}</span>`,
  )
}

/** Returns the time left of a run in words; empty if the scene does not run. */
function leftText(leftMs: number | null): string {
  if (leftMs === null) return ''
  if (leftMs <= 0) return 'The time is over'
  const seconds = Math.ceil(leftMs / 1000)
  return seconds < 60
    ? `${seconds} s left`
    : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left`
}

/** Draws the sentence that belongs to the step. It always has the same space, so that nothing moves. */
export function sentence(facts: StageFacts): TemplateResult {
  return html`<p class="sentence">${whole(sentenceOf(facts))}</p>`
}

function sentenceOf({ scene, state }: Pick<StageFacts, 'scene' | 'state'>): string {
  if (scene.view === 'join') return scene.look
  if (state.step === 'predict')
    return scene.answers.length === 0 ? scene.look : `Vote on your phone. ${votedText(state)} have voted.`
  if (state.step === 'closed') return `The votes are closed. ${votedText(state)} have voted.`
  return state.step === 'run' ? scene.look : scene.explain
}

export function foot(facts: StageFacts, go: (scene: Scene) => void): TemplateResult {
  const { scenes, scene, state, isReplay } = facts
  return html`<footer class="foot">
    <nav class="scenes" aria-label="Scenes">
      ${scenes.map((one) => {
        const number = numberOf(scenes, one.id)
        if (number === null) return nothing
        const isDone = state.done.includes(one.id)
        return html`<button
          type="button"
          class=${one.id === scene.id ? 'present' : isDone ? 'done' : ''}
          aria-current=${one.id === scene.id ? 'step' : nothing}
          aria-label=${`${number} ${one.title}${isDone ? ', done' : ''}`}
          @click=${() => go(one)}
        >
          ${number}
        </button>`
      })}
    </nav>
    <p class="next">${nextTitle(scenes, state)}</p>
    <p class="address">${isReplay ? 'A recording' : shownAddress(state)}</p>
  </footer>`
}

function nextTitle(scenes: readonly Scene[], { scene }: ShowState): string {
  const next = sceneAfter(scenes, scene)
  return next ? `next: ${next.title}` : ''
}

/** Returns the address for the class as a person enters it, without `http://`. */
export function shownAddress({ addresses, address }: Pick<ShowState, 'addresses' | 'address'>): string {
  return (addresses[address] ?? addresses[0] ?? '').replace(/^http:\/\//, '')
}

/** Draws the code of the address for the class. */
export function code({ address, addresses }: ShowState): TemplateResult | typeof nothing {
  if (addresses.length === 0) return nothing
  const shown = addresses[address] ?? addresses[0] ?? ''
  return html`<img class="code" src=${`/stage/qr.svg?at=${address}`} alt=${`QR code of ${shown}`} />`
}

/** Describes the step, and the result if there is one, for a screen reader. */
export function spoken({ scenes, scene, state }: StageFacts): string {
  const number = numberOf(scenes, scene.id)
  const where = `${number === null ? scene.title : `Scene ${number}, ${scene.title}`}. ${STEP_NAMES[state.step]}.`
  if (state.step !== 'explain' || scene.figure === null) return where
  const { value = null, right = null } = state.outcome ?? {}
  const measured =
    value === null
      ? 'Nothing was measured.'
      : `Measured: ${typeof value === 'number' ? figureText(scene.figure, value) : LABELS[value]}.`
  const answer = right === null ? undefined : scene.answers[right]?.text
  return `${where} ${measured}${answer === undefined ? '' : ` Right answer: ${answer}.`} ${scene.explain}`
}
