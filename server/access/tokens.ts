/** The instructor's token. With it, a person can be the instructor on any machine. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { FeedError } from '../http/errors.ts'
import { takerOf } from './taker.ts'
import { isProxied } from './visitor.ts'

/**
 * Checks a token. If it is wrong, throws `wrong-token` or `wrong-password` (403), or `too-many-tries` (429).
 * `guesser` is the sender of the token, as `guesserOf` returns it.
 */
export type TokenCheck = (given: string, guesser: object | null) => void

/** Crockford's 32 symbols. They leave out i, l, o and u, so they can be read aloud and typed without doubt. */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'

/** Number of letters in a token. Each letter carries 5 bits, so a token has 140 bits. */
const LENGTH = 28

/** Returns a new random token in groups of four letters: `k7f2-9xqm-…`. */
export function newToken(): string {
  const letters = Array.from(randomBytes(LENGTH), (byte) => LETTERS[byte % LETTERS.length]).join('')
  return letters.replace(/.{4}(?=.)/g, '$&-')
}

/** Removes spaces and hyphens and converts to lower case, so that a mistake in these does not make a token wrong. */
export const plainToken = (token: string): string => token.replace(/[\s-]/g, '').toLowerCase()

const TRIES_MS = 60_000

/** Number of wrong tries that one guesser may make in a minute. People mistype, but not so often. */
const TRIES = 10

interface Secret {
  /** Code of the error for a wrong secret. */
  readonly code: 'wrong-token' | 'wrong-password'
  /** Words that name the secret in the error. */
  readonly what: string
}

const INSTRUCTORS: Secret = { code: 'wrong-token', what: 'the instructor\u2019s token' }

/**
 * Creates the check of a token or password. The comparison always takes the same time, so its duration does not show
 * how much of a guess is right. After too many wrong tries, a guesser is refused for the rest of its minute. Other
 * people at the same address are not refused, because they have not guessed. Each try has a price (prices.ts), so
 * opening new connections does not help to guess a secret of twelve characters. If the server has no token, every
 * token is wrong.
 */
export function createTokenCheck(token: string | undefined, { code, what }: Secret = INSTRUCTORS): TokenCheck {
  const wrong = countTries<object>()
  const right = token === undefined ? null : hash(token)

  return (given, guesser) => {
    const { tries, leftMs } = guesser ? wrong.of(guesser) : { tries: 0, leftMs: 0 }
    if (tries >= TRIES) throw tooMany(leftMs)
    if (right && timingSafeEqual(hash(given), right)) return
    if (guesser) wrong.add(guesser)
    // Unlike other errors, this error does not quote the value, because it may be right except for one letter.
    throw new FeedError(
      code,
      right || code !== 'wrong-token' ? `That is not ${what}.` : 'This server has no token for the instructor.',
    )
  }
}

/**
 * Returns the person who has signed in, or else the connection. Returns null for a proxy's connection, even if nobody
 * declared the proxy, because many clients share it.
 */
export function guesserOf(request: IncomingMessage): object | null {
  const { own } = takerOf(request)
  return typeof own === 'string' || (own === request.socket && isProxied(request)) ? null : own
}

/** Counts wrong tries by key. Each key has a minute that begins with its first wrong try. */
export function countTries<K>() {
  /** Counts by key, in the order in which their minutes end. */
  const counts = new Map<K, { tries: number; readonly untilMs: number }>()
  return {
    of(key: K): { tries: number; leftMs: number } {
      forget()
      const known = counts.get(key)
      return known ? { tries: known.tries, leftMs: known.untilMs - performance.now() } : { tries: 0, leftMs: 0 }
    },
    add(key: K): void {
      const known = counts.get(key) ?? { tries: 0, untilMs: performance.now() + TRIES_MS }
      known.tries += 1
      counts.set(key, known)
    },
  }

  function forget(): void {
    for (const [key, { untilMs }] of counts) {
      if (untilMs > performance.now()) return
      counts.delete(key)
    }
  }
}

const hash = (token: string): Buffer => createHash('sha256').update(plainToken(token)).digest()

function tooMany(leftMs: number): FeedError {
  const leftS = Math.ceil(leftMs / 1000)
  return new FeedError(
    'too-many-tries',
    `This client has sent ${TRIES} wrong tokens or passwords.`,
    `Try again in ${leftS} s.`,
    leftS,
  )
}
