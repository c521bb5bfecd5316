/** What every page does after it has started. */
import type { Problem } from '../../server/protocol/feed.ts'

/**
 * Removes the message that the page has not started, which the HTML document contains. If the server refuses this
 * page's requests, shows the reason and the remedy in a bar across the page.
 */
export function started(): void {
  document.querySelector('.unstarted')?.remove()
  void refusal().then((sentence) => {
    if (sentence !== null) document.body.prepend(alertBar('The server refuses this page.', sentence))
  })
}

/**
 * Sends a request with the header Origin, as a publish does. A browser sends Origin with OPTIONS, but not with GET.
 * Returns a sentence if the server refuses the request, otherwise null.
 */
async function refusal(): Promise<string | null> {
  try {
    const response = await fetch('/health', { method: 'OPTIONS', cache: 'no-store' })
    if (response.status !== 403 && response.status !== 421) return null
    const { detail, remedy }: Problem = await response.json()
    return `This page is at ${location.origin}. ${detail} ${remedy}`
  } catch {
    // If the server gives no valid answer, the page's own messages describe the failure.
    return null
  }
}

/** Returns a bar that crosses the page, for a failure of the whole page. */
export function alertBar(what: string, sentence: string): HTMLElement {
  const element = document.createElement('p')
  const title = document.createElement('b')
  element.className = 'refused'
  element.role = 'alert'
  title.textContent = what
  element.append(title, ` ${sentence}`)
  return element
}
