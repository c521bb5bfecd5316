/** Draws the controls for all lanes: the rate, the network and its failures, the time scale, and the pause. */
import { html } from 'lit'
import type { TemplateResult } from 'lit'
import { RATES } from '../session/address.ts'
import { NO_PROXY, PROXY, isNeutral, presetOf } from '../session/network.ts'
import type { SessionActs, SessionFacts } from '../session/session.ts'
import { HELP } from '../drawing/words.ts'

export function rateControl(session: SessionFacts & SessionActs, name: string): TemplateResult {
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

/** Draws the control that chooses a network. `more` opens the panel with all conditions. */
export function networkControl(session: SessionFacts & SessionActs, name: string, more: () => void): TemplateResult {
  const { conditions, presets } = session
  const current = conditions && presetOf(conditions, presets)
  const reason = reasonFor(session, HELP.network)
  const choose = ({ target }: Event): void => {
    const preset = target instanceof HTMLSelectElement && presets.find((one) => one.name === target.value)
    if (preset) session.setNetwork(preset.conditions)
  }
  return html`<span class="control" title=${current?.about ?? reason}>
    <label class="label" for=${name}>Network</label>
    <select
      class="select network"
      id=${name}
      ?disabled=${!session.instructor}
      aria-describedby=${`${name}-help`}
      @change=${choose}
    >
      ${current ? '' : html`<option disabled selected>${conditions ? 'custom' : '–'}</option>`}
      ${presets.map(
        (preset) =>
          html`<option value=${preset.name} .selected=${preset === current}>
            ${isNeutral(preset.conditions) ? `None (${preset.name})` : preset.name}
          </option>`,
      )}
    </select>
    <button class="link" type="button" aria-label="More about the network" title=${HELP.more} @click=${more}>
      More
    </button>
    <span class="vh" id=${`${name}-help`}>${reason}</span>
  </span>`
}

export function breakControl(session: SessionFacts & SessionActs): TemplateResult {
  const { conditions, instructor } = session
  const act = (text: string, help: string, does: () => void): TemplateResult =>
    html`<button class="button" type="button" title=${reasonFor(session, help)} ?disabled=${!instructor} @click=${does}>
      ${text}
    </button>`
  const toggle = (text: string, help: string, on: boolean, does: () => void): TemplateResult =>
    html`<button
      class="button stays"
      type="button"
      aria-pressed=${on}
      title=${reasonFor(session, help)}
      ?disabled=${!instructor}
      @click=${does}
    >
      ${text}
    </button>`
  const proxy = (conditions?.bufferingBytes ?? 0) > 0
  const firewall = conditions?.firewall ?? false
  return html`<span class="control breaking" role="group" aria-label="Failures">
    ${act('Cut now', HELP.cut, () => session.cut())} ${act('Restart server', HELP.restart, () => session.restart())}
    ${toggle('Buffering proxy', HELP.proxy, proxy, () => session.setNetwork(proxy ? NO_PROXY : PROXY))}
    ${toggle('Firewall', HELP.firewall, firewall, () => session.setNetwork({ firewall: !firewall }))}
  </span>`
}

/** Returns the reason why a control is disabled. If the control is enabled, returns its purpose. */
function reasonFor({ conditions, instructor, refusal }: SessionFacts & SessionActs, help: string): string {
  return conditions !== null && !instructor ? (refusal ?? HELP.notInstructor) : help
}

export function timeControl(zoomBy: (factor: number) => void): TemplateResult {
  return html`<span class="control" role="group" aria-label="Time scale">
    <span class="label">Time</span>
    <span class="segments">
      <button type="button" aria-label="Show more time" @click=${() => zoomBy(0.5)}>−</button>
      <button type="button" aria-label="Show less time" @click=${() => zoomBy(2)}>+</button>
    </span>
  </span>`
}

export function pauseControl(paused: boolean, toggle: () => void): TemplateResult {
  return html`<button class="button pause" type="button" aria-pressed=${paused} title="Space" @click=${toggle}>
    ${paused ? 'Resume' : 'Pause'}
  </button>`
}
