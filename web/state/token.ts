/**
 * The instructor's token, remembered for this tab: not in the address and not in what is exported. A
 * browser may forbid it: then it is asked for again.
 */
const NAME = 'fourwire.token'

export function recallToken(): string | null {
  try {
    return sessionStorage.getItem(NAME)
  } catch {
    return null
  }
}

/** Null forgets it. */
export function rememberToken(token: string | null): void {
  try {
    if (token === null) sessionStorage.removeItem(NAME)
    else sessionStorage.setItem(NAME, token)
  } catch {
    // Forbidden or full.
  }
}
