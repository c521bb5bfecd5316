/** Draws a line with one sample of each mark. */
import { html, svg } from 'lit'
import type { SVGTemplateResult, TemplateResult } from 'lit'

export function key(): TemplateResult {
  return html`<ul class="key" aria-label="Key">
    ${MARKS.map(([drawing, text]) => html`<li><svg viewBox="0 0 22 16" aria-hidden="true">${drawing}</svg>${text}</li>`)}
    <li class="last"><i class="payload"></i>payload</li>
    <li><i class="framing"></i>framing</li>
    <li><i class="heads"></i>heads</li>
    <li><i class="empty"></i>empty</li>
  </ul>`
}

const MARKS: readonly (readonly [SVGTemplateResult, string])[] = [
  [svg`<path class="rule" d="M11 0v16" />`, 'published'],
  [svg`<path class="full" d="M2 7h18v3H2z" /><path d="M2 5v7" stroke-width="1.5" />`, 'waits on the server'],
  [svg`<path d="M3 15 7 1" /><path d="M13 1 18 15" stroke-width="2" />`, 'request, response'],
  [svg`<path class="tint" d="M0 4h22v10H0z" /><path d="M0 4h22" stroke-width="3" />`, 'open: the server can send'],
  [svg`<circle class="full" cx="11" cy="8" r="5" />`, 'arrived'],
  [svg`<circle cx="11" cy="8" r="4" stroke-width="1.25" />`, 'no message'],
]
