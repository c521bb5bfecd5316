import { html } from 'lit'
import type { TemplateResult } from 'lit'

/** A select inside a sentence. */
export function choice(
  label: string,
  choices: readonly number[],
  value: number,
  text: (choice: number) => string,
  choose: (choice: number) => void,
): TemplateResult {
  const changed = ({ target }: Event): void => {
    if (target instanceof HTMLSelectElement) choose(Number(target.value))
  }
  return html`<select class="choice" aria-label=${label} @change=${changed}>
    ${choices.map((one) => html`<option value=${one} ?selected=${one === value}>${text(one)}</option>`)}
  </select>`
}
