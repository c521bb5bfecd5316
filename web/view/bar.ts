/** What concerns all lanes: the rate, the scale of time, the pause. */
import { html } from 'lit'
import type { TemplateResult } from 'lit'
import { RATES } from '../state/address.ts'
import type { Session } from '../state/session.ts'
import { HELP } from './words.ts'

export function rateControl(session: Session, name: string): TemplateResult {
  const reason = session.ratePerSecond !== null && !session.instructor ? HELP.notInstructor : HELP.rate
  return html`<span class="control" title=${reason}>
    <span class="label" id=${`${name}-label`}>Messages/s</span>
    <span class="segments" role="radiogroup" aria-labelledby=${`${name}-label`} aria-describedby=${`${name}-help`}>
      ${RATES.map(
        (rate) =>
          html`<label>
            <input
              type="radio"
              name=${name}
              value=${rate}
              aria-label=${`${rate} a second`}
              .checked=${rate === session.ratePerSecond}
              ?disabled=${!session.instructor}
              @change=${() => session.setRate(rate)}
            />
            <span aria-hidden="true">${rate === 0.5 ? '½' : rate}</span>
          </label>`,
      )}
    </span>
    <span class="vh" id=${`${name}-help`}>${reason}</span>
  </span>`
}

export function timeControl(zoomBy: (factor: number) => void): TemplateResult {
  return html`<span class="control" role="group" aria-label="Scale of time">
    <span class="label">Time</span>
    <span class="segments">
      <button type="button" aria-label="longer time" @click=${() => zoomBy(0.5)}>−</button>
      <button type="button" aria-label="shorter time" @click=${() => zoomBy(2)}>+</button>
    </span>
  </span>`
}

export function pauseControl(paused: boolean, toggle: () => void): TemplateResult {
  return html`<button class="button pause" type="button" aria-pressed=${paused} title="Space" @click=${toggle}>
    ${paused ? 'Go on' : 'Pause'}
  </button>`
}
