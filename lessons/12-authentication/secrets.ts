/** Sessions and tickets, as a client gets them, and what makes them secret. */
import type { Exchange } from '../kit/exchange.ts'
import { expectStatus, shown } from '../kit/expect.ts'
import { Wrong } from '../kit/finding.ts'
import { fieldOf } from '../kit/json.ts'
import type { Trial } from '../kit/trial.ts'
import { NO_SESSION } from './hints.ts'
import { hostOf } from './knock.ts'

/** Number of secrets that are compared. If a place in them is random, nearly all of its characters occur. */
export const SAMPLES = 64

/** The page promises that 24 random bits are enough. The check measures a little less, because some characters do not occur. */
const FEWEST_BITS = 22

/** Logs in, and returns the cookie as a browser would send it back. */
export async function login(trial: Trial, user: string): Promise<string> {
  return cookieIn(await trial.get(`/login?user=${encodeURIComponent(user)}`, { method: 'POST' }))
}

export function cookieIn(answer: Exchange): string {
  const cookie = /^session=[^;]+/.exec(answer.headers['set-cookie'] ?? '')?.[0]
  if (cookie !== undefined) return cookie
  const bytes = shown(answer, ['set-cookie'])
  throw new Wrong({
    saw: 'The response to a login contained no session:',
    bytes,
    at: bytes.length,
    hint: NO_SESSION,
  })
}

export const secretIn = (cookie: string): string => cookie.slice('session='.length)

export const askForTicket = (trial: Trial, headers: Readonly<Record<string, string>>): Promise<Exchange> =>
  trial.get('/ticket', { method: 'POST', headers: { Host: hostOf(trial), ...headers } })

export async function ticketFor(
  trial: Trial,
  cookie: string,
  saw = 'A user who has logged in asked for a ticket. Your server responded:',
): Promise<string> {
  const answer = await askForTicket(trial, { Cookie: cookie })
  expectStatus(answer, 201, { saw, hint: answer.status === 401 ? 'no-session-found' : 'no-ticket' })
  const ticket = fieldOf(answer.json, 'ticket')
  const bytes = shown(answer)
  if (typeof ticket !== 'string' || ticket === '')
    throw new Wrong({ saw, bytes, at: bytes.lastIndexOf(answer.body), wanted: '{"ticket":"…"}', hint: 'no-ticket' })
  if (isMadeOf(ticket, secretIn(cookie)))
    throw new Wrong({
      saw,
      bytes,
      at: bytes.indexOf(ticket),
      wanted: 'a new secret',
      hint: 'the-session-itself',
    })
  return ticket
}

const isMadeOf = (ticket: string, secret: string): boolean =>
  [ticket, Buffer.from(ticket, 'base64').toString('latin1')].some((text) => text.includes(secret)) ||
  (ticket.length >= 8 && secret.includes(ticket))

export const withTicket = (ticket: string): string => `/chat?ticket=${encodeURIComponent(ticket)}`

/**
 * Number of random bits in these secrets, as far as they show: at each place, the logarithm of the number of
 * different characters.
 */
function bitsIn(secrets: readonly string[]): number {
  const places = Math.max(...secrets.map(({ length }) => length))
  return Array.from({ length: places }, (_, at) => Math.log2(new Set(secrets.map((secret) => secret[at])).size)).reduce(
    (sum, bits) => sum + bits,
    0,
  )
}

/** Expects that each secret is different, and that they differ in more than a counter. */
export function expectUnguessable(
  secrets: readonly string[],
  saw: string,
  hints: { repeated: string; guessable: string },
): void {
  const bytes = secrets.slice(0, 4).join('\n')
  const at = bytes.indexOf('\n') + 1
  if (new Set(secrets).size < secrets.length)
    throw new Wrong({ saw, bytes, at, wanted: 'a different secret each time', hint: hints.repeated })
  if (bitsIn(secrets) < FEWEST_BITS)
    throw new Wrong({ saw, bytes, at, wanted: 'at least 24 random bits', hint: hints.guessable })
}
