/** The instructor's token. Whoever has the token can be the instructor on any machine. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { FeedError } from '../http/errors.ts'
import type { Peers } from '../peers/peers.ts'
import { takerOf } from './taker.ts'
import { countTries } from './tries.ts'
import { isProxied, visitorOf } from './visitor.ts'

/**
 * Checks a token or a password. Throws `wrong-token` or `wrong-password` (403) if the given value is wrong, and
 * `too-many-tries` (429) after too many wrong values. `guesser` is the sender of the value, as `guesserOf` returns it.
 */
export type TokenCheck = (given: string, guesser: Guesser | null) => void

/** The hash of a session, or a connection without a session. */
type Guesser = string | object

/**
 * The 32 symbols of Crockford's Base32. They do not include i, l, o and u, so that people do not confuse symbols when
 * they read a token aloud or type it.
 */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'

/** Number of letters in a token. Each letter carries 5 bits, so a token has 140 bits. */
const LENGTH = 28

/** Returns a new random token in groups of four letters: `k7f2-9xqm-…`. */
export function newToken(): string {
  const letters = Array.from(randomBytes(LENGTH), (byte) => LETTERS[byte % LETTERS.length]).join('')
  return letters.replace(/.{4}(?=.)/g, '$&-')
}

/**
 * Removes spaces and hyphens, and converts letters to lower case. So a token is right even if its spaces, hyphens or
 * capitals are wrong.
 */
export const plainToken = (token: string): string => token.replace(/[\s-]/g, '').toLowerCase()

/** Number of wrong tries that one guesser may make in a minute. A person who only mistypes needs fewer tries. */
const TRIES = 10

interface Secret {
  /** Code of the error for a wrong secret. */
  readonly code: 'wrong-token' | 'wrong-password'
  /** Words that name the secret in the error. */
  readonly what: string
}

export const INSTRUCTORS: Secret = { code: 'wrong-token', what: 'the instructor\u2019s token' }

/**
 * Creates the function that checks a token or a password. The comparison always takes the same time, so an attacker
 * cannot measure how much of a guess is right. After too many wrong tries in a minute, the server refuses the guesser
 * for the rest of this minute. The server does not refuse other people at the same address. Each try has a price
 * (prices.ts), so an attacker cannot guess a secret of twelve characters by opening new connections. If `token` is
 * undefined, every given value is wrong.
 */
export function createTokenCheck(
  token: string | undefined,
  { code, what }: Secret = INSTRUCTORS,
  peers?: Peers,
): TokenCheck {
  const wrong = countTries(code, peers)
  const right = token === undefined ? null : hash(token)

  return (given, guesser) => {
    const { tries, leftMs } = guesser ? wrong.of(guesser) : { tries: 0, leftMs: 0 }
    if (tries >= TRIES) throw tooMany(leftMs)
    if (right && timingSafeEqual(hash(given), right)) return
    if (guesser) wrong.add(guesser)
    // Unlike other errors, this error does not quote the wrong value, because the value may be right except for one
    // letter.
    throw new FeedError(
      code,
      right || code !== 'wrong-token' ? `That is not ${what}.` : 'This server has no token for the instructor.',
    )
  }
}

/**
 * Returns the hash of the request's session, or the connection if the request has no session. Returns null for a proxy's
 * connection, because many clients share a proxy's connection. The result is null even if nobody declared the proxy as
 * trusted.
 */
export function guesserOf(request: IncomingMessage): Guesser | null {
  const { session } = visitorOf(request)
  if (session) return session.hash
  const { own } = takerOf(request)
  return typeof own === 'string' || (own === request.socket && isProxied(request)) ? null : own
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
