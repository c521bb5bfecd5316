/** Draws the question of the scene: the answers while the class predicts, and the class's answers after that. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { Scene, ShowState } from '../../server/protocol/show.ts'
import { now } from '../now.ts'
import { plural } from '../page/format.ts'
import type { JoinedSeat } from './seat.ts'

export function question(joined: JoinedSeat): TemplateResult {
  const { show, scene, seat } = joined
  if (!show || !scene)
    return html`<section class="question">
      <h1>Waiting for the class</h1>
      <p class="dim">The page takes a seat for you.</p>
    </section>`
  return html`<section class="question" aria-labelledby="question">
    <p class="line"><span>${scene.title}</span><span role="status">${stepText(joined, show, scene)}</span></p>
    <h1 id="question">
      ${scene.view === 'join' && seat ? `You have seat ${seat.seat}. The class begins soon.` : scene.question}
    </h1>
    ${scene.answers.length === 0 ? nothing : show.step === 'predict' ? answers(joined, scene) : result(joined, show, scene)}
    ${show.step === 'run' ? html`<p class="look">${scene.look}</p>` : nothing}
    ${show.step === 'explain' ? html`<p class="look">${scene.explain}</p>` : nothing}
  </section>`
}

function stepText({ session }: JoinedSeat, { step, sinceMs }: ShowState, { runS, answers }: Scene): string {
  if (step === 'predict') return answers.length > 0 ? 'vote open' : 'begins soon'
  if (step === 'closed') return answers.length > 0 ? 'vote closed' : 'begins soon'
  if (step === 'explain') return 'measured'
  if (session.offsetMs === null) return 'runs'
  const leftS = Math.ceil(runS - (now() + session.offsetMs - sinceMs) / 1000)
  return leftS > 0 ? `runs · ${leftS} s` : 'runs'
}

function answers(joined: JoinedSeat, scene: Scene): TemplateResult {
  const { vote } = joined
  return html`<div class="answers" role="group" aria-labelledby="question">
      ${scene.answers.map(
        ({ text }, i) =>
          html`<button type="button" aria-pressed=${vote === i} @click=${() => joined.choose(i)}>${text}</button>`,
      )}
    </div>
    <p class="dim">
      ${vote === null ? 'Choose what you expect. The stage shows only counts.' : `Your vote: ${scene.answers[vote]?.text}. You can change it.`}
    </p>`
}

function result({ vote }: JoinedSeat, { step, votes, hands, outcome }: ShowState, scene: Scene): TemplateResult {
  const counts = scene.answers.map((_answer, i) => (votes?.[i] ?? 0) + (hands?.[i] ?? 0))
  const total = counts.reduce((sum, count) => sum + count, 0)
  const right = step === 'explain' ? (outcome?.right ?? null) : null
  return html`<ol class="votes">
      ${scene.answers.map(({ text }, i) => {
        const count = counts[i] ?? 0
        return html`<li class=${i === right ? 'right' : ''}>
          <span class="bar" .style=${`--share: ${total === 0 ? 0 : count / total}`}></span>
          <span class="text">${i === right ? html`<b>✓ ${text}</b>` : text}</span>
          <span class="own">${i === vote ? 'your vote' : ''}</span>
          <span class="count">${count}</span>
        </li>`
      })}
    </ol>
    <p class="dim">${plural(total, 'vote')}. ${verdict(step, vote, right, scene)}</p>`
}

function verdict(step: ShowState['step'], vote: number | null, right: number | null, { answers }: Scene): string {
  if (step !== 'explain') return vote === null ? 'You have not voted.' : 'Now the measurement decides.'
  if (right === null) return 'The measurement does not decide which answer is right.'
  const measured = `The measurement says: ${answers[right]?.text}.`
  return vote === null ? measured : `${measured} ${vote === right ? 'You were right.' : 'You expected something else.'}`
}
