/** The answers of a scene with the votes as they come in, and fields for a show of hands. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { Scene, ShowState } from '../../server/protocol/show.ts'
import type { Drive } from '../show/drive.ts'
import { votedText } from '../show/votes.ts'

export function votesPanel({ answers }: Scene, state: ShowState, drive: Drive): TemplateResult | typeof nothing {
  if (answers.length === 0) return nothing
  const { votes, hands, outcome, step } = state
  const most = Math.max(1, ...answers.map((_, i) => (votes?.[i] ?? 0) + (hands?.[i] ?? 0)))
  const raise = (i: number, { target }: Event): void => {
    if (!(target instanceof HTMLInputElement)) return
    const next = answers.map((_, k) => hands?.[k] ?? 0)
    next[i] = Math.max(0, Math.round(Number(target.value)) || 0)
    drive.want({ say: 'hands', hands: next.some((count) => count > 0) ? next : null })
  }
  return html`<table class="votes">
    <caption>
      ${votedText(state)} have voted${step === 'predict' ? '. Only this page shows the votes.' : ''}
    </caption>
    <thead>
      <tr>
        <th scope="col">Answer</th>
        <th scope="col">Votes</th>
        <td></td>
        <th scope="col">Hands</th>
      </tr>
    </thead>
    <tbody>
      ${answers.map(
        ({ text }, i) =>
          html`<tr>
            <th scope="row">${outcome?.right === i ? html`<b class="alarm">${text}</b>` : text}</th>
            <td class="count">${votes?.[i] ?? '–'}</td>
            <td class="share">
              <span
                aria-hidden="true"
                .style=${`width: ${(((votes?.[i] ?? 0) + (hands?.[i] ?? 0)) / most) * 100}%`}
              ></span>
            </td>
            <td>
              <input
                class="field"
                type="number"
                min="0"
                max="10000"
                aria-label=${`Hands for “${text}”`}
                .value=${String(hands?.[i] ?? '')}
                @change=${(event: Event) => raise(i, event)}
              />
            </td>
          </tr>`,
      )}
    </tbody>
  </table>`
}
