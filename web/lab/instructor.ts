/**
 * Gives a page the instructor's rights. The person opens the link that the server printed, or enters the token in the
 * settings.
 */
import type { Problem } from '../../server/protocol/feed.ts'

/**
 * Takes the token from the page's address (`#token=…`), and exchanges the token for an instructor's session in a
 * cookie. Returns a sentence if the server refused the token, otherwise null. If a person pastes the link into an open
 * page, only the fragment changes, so the page then loads again.
 */
export async function claimLink(): Promise<string | null> {
  addEventListener('hashchange', () => {
    if (tokenInAddress() !== null) void takeToken().then(() => location.reload())
  })
  return takeToken()
}

/** Asks the server for an instructor's session. Returns a sentence if the server refused the token, otherwise null. */
export async function claimSession(token: string): Promise<string | null> {
  try {
    const response = await fetch('/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ instructor: token }),
      cache: 'no-store',
    })
    if (response.ok) return null
    const { detail, remedy }: Problem = await response.json()
    return `${detail} ${remedy}`
  } catch {
    return 'The server did not answer, so this page is not the instructor’s yet. Open the link again.'
  }
}

async function takeToken(): Promise<string | null> {
  const token = tokenInAddress()
  if (token === null) return null
  // The page removes the token from the address first. Otherwise a projector may show the token, and the browser's
  // history would keep it.
  history.replaceState(history.state, '', location.pathname + location.search)
  return claimSession(token)
}

const tokenInAddress = (): string | null => new URLSearchParams(location.hash.slice(1)).get('token')
