/** Work that every page does after it has started. */
import type { Problem } from '../../server/protocol/feed.ts'

/**
 * Removes the document's message that the page has not started. If the server refuses this page's requests, a bar
 * across the page shows the reason and the remedy.
 */
export function started(): void {
  document.querySelector('.unstarted')?.remove()
  void refusal().then((sentence) => {
    if (sentence !== null) document.body.prepend(bar(sentence))
  })
}

/**
 * Sends a request with an Origin, as publishing does. Browsers send Origin with OPTIONS, but not with GET. Returns a
 * sentence; null if the server does not refuse.
 */
async function refusal(): Promise<string | null> {
  try {
    const response = await fetch('/health', { method: 'OPTIONS', cache: 'no-store' })
    if (response.status !== 403 && response.status !== 421) return null
    const { detail, remedy }: Problem = await response.json()
    return `This page is at ${location.origin}. ${detail} ${remedy}`
  } catch {
    // If there is no valid answer, the page itself reports the trouble.
    return null
  }
}

function bar(sentence: string): HTMLElement {
  const element = document.createElement('p')
  const title = document.createElement('b')
  element.className = 'refused'
  element.role = 'alert'
  title.textContent = 'The server refuses this page.'
  element.append(title, ` ${sentence}`)
  return element
}
