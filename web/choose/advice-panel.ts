/** Draws the advice for the workload, with its reason, and the conditions under which it changes. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { RULE } from '../measure/advice.ts'
import type { Advice } from '../measure/advice.ts'

export function advicePanel({ answer, because }: Advice, changes: readonly string[]): TemplateResult {
  return html`<p class="answer">${answer}.</p>
    <p>${because}</p>
    ${
      changes.length === 0
        ? nothing
        : html`<h3>When the answer changes</h3>
            <ul class="reasons">
              ${changes.map((sentence) => html`<li>${sentence}</li>`)}
            </ul>`
    }
    <p class="dim small">
      This is the rule of <a href="/lessons/17-choosing">lesson 17</a>, applied to the figures of the model: remove
      every transport that fails, and take the cheapest of the others. ${RULE}
    </p>`
}
