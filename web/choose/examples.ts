/** Four cases from which a newcomer can begin. Each is a link with its figures. */
import { html } from 'lit'
import type { TemplateResult } from 'lit'
import { readWorkload, writeWorkload } from '../measure/workload.ts'
import type { Workload } from '../measure/workload.ts'

export interface Example {
  readonly label: string
  /** Query string of the link. */
  readonly search: string
}

export const EXAMPLES: readonly Example[] = [
  { label: 'A dashboard for 5,000 readers', search: '?bytes=200&clients=5000' },
  { label: 'A chat for 200 people', search: '?clients=200&age=1&speaks=yes' },
  { label: 'Hourly notifications to phones', search: '?rate=0.000277778&age=60&latency=50&readers=phones' },
  { label: 'A board behind proxies', search: '?rate=0.5&bytes=100&clients=50&age=1&path=both&speaks=yes' },
]

/** Draws the links. A click without a modifier key changes the form, without loading the page again. */
export function examples(workload: Workload, set: (workload: Workload) => void): TemplateResult {
  const now = writeWorkload(workload)
  return html`<nav class="examples" aria-label="Examples">
    <span class="dim">Begin with a case:</span>
    ${EXAMPLES.map(({ label, search }) => {
      const example = readWorkload(search)
      const isNow = writeWorkload(example) === now
      const chosen = (event: MouseEvent): void => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
        event.preventDefault()
        set(example)
      }
      return html`<a href=${`/choose${search}`} aria-current=${isNow ? 'true' : 'false'} @click=${chosen}>${label}</a>`
    })}
  </nav>`
}
