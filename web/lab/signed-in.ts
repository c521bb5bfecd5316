import type { SessionAnswer } from '../../server/protocol/people.ts'

/**
 * Returns the name of the person who signed in with this browser; null if nobody has signed in, or if the server does
 * not answer. Asks the server once for all parts of a page.
 */
export function signedIn(): Promise<string | null> {
  asked ??= ask()
  return asked
}

let asked: Promise<string | null> | undefined

async function ask(): Promise<string | null> {
  try {
    const response = await fetch('/session', { cache: 'no-store' })
    if (!response.ok) return null
    const { user }: SessionAnswer = await response.json()
    return user
  } catch {
    return null
  }
}

/**
 * Ends this browser's session and all copies of it, and shows the sign-in page. Rejects with a sentence if the server
 * fails.
 */
export async function signOut(): Promise<void> {
  const response = await fetch('/session', { method: 'DELETE' }).catch(() => null)
  // Status 401 means that the session had already ended.
  if (!response || (!response.ok && response.status !== 401))
    throw new Error('The server did not answer, so you are still signed in. Try again.')
  location.assign('/sign-in.html')
}
