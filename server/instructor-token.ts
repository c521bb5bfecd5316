/** The instructor's token: what makes an instructor of somebody who does not sit at the server's own machine. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { FeedError } from './errors.ts'

/** Returns where the token is right. Throws `wrong-token` or `wrong-password` (403), or `too-many-tries` (429). */
export type TokenCheck = (given: string, address: string) => void

/** Crockford's 32 (no i, l, o, u), which are read aloud and typed without a doubt. */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'

/** 5 bits each, and more than 128 together. */
const LENGTH = 28

/** 140 bits in groups of four: `k7f2-9xqm-…`. */
export function newToken(): string {
  const letters = Array.from(randomBytes(LENGTH), (byte) => LETTERS[byte % LETTERS.length]).join('')
  return letters.replace(/.{4}(?=.)/g, '$&-')
}

/** As nobody can get it wrong: blanks, hyphens and capitals say nothing. */
export const plainToken = (token: string): string => token.replace(/[\s-]/g, '').toLowerCase()

const TRIES_MS = 60_000

interface Secret {
  /** Of the error, where it is wrong. */
  readonly code: 'wrong-token' | 'wrong-password'
  /** As a sentence names it. */
  readonly what: string
  /** From one address, in a minute. */
  readonly tries: number
}

const INSTRUCTORS: Secret = { code: 'wrong-token', what: 'the instructor\u2019s token', tries: 10 }

/**
 * Compares in a time that does not depend on what is right of it. From an address that was wrong too
 * often nothing is compared for the rest of its minute, or its guesses would go on.
 * Without a token none is right.
 */
export function createTokenCheck(
  token: string | undefined,
  { code, what, tries: most }: Secret = INSTRUCTORS,
): TokenCheck {
  /** In the order in which their minutes end. */
  const wrong = new Map<string, { tries: number; readonly untilMs: number }>()
  const right = token === undefined ? null : hash(token)

  return (given, address) => {
    forget()
    const before = wrong.get(address) ?? { tries: 0, untilMs: performance.now() + TRIES_MS }
    if (before.tries >= most) throw tooMany(most, before.untilMs - performance.now())
    if (right && timingSafeEqual(hash(given), right)) return
    before.tries += 1
    wrong.set(address, before)
    // It quotes no value, unlike other errors: that may be the right one, but for a letter.
    throw new FeedError(code, right ? `That is not ${what}.` : 'This server has no token.')
  }

  function forget(): void {
    for (const [address, { untilMs }] of wrong) {
      if (untilMs > performance.now()) return
      wrong.delete(address)
    }
  }
}

const hash = (token: string): Buffer => createHash('sha256').update(plainToken(token)).digest()

function tooMany(most: number, leftMs: number): FeedError {
  const leftS = Math.ceil(leftMs / 1000)
  return new FeedError(
    'too-many-tries',
    `${most} wrong tokens or passwords came from this address.`,
    `Try again in ${leftS} s.`,
    leftS,
  )
}
