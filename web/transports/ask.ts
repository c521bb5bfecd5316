/** What the polls and the publishing have in common and what is not their lesson: one request, one answer, or one clear error. */
import type { Cursor, Event, Person, PollAnswer, Problem } from '../../server/protocol.ts'
import { now } from '../now.ts'
import type { Target } from './transport.ts'

/** The server answered, and the answer was no. */
export class Refused extends Error {
  readonly status: number
  /** From Retry-After (RFC 9110, section 10.2.3); 0 where it is not given in seconds. */
  readonly retryAfterMs: number

  constructor(status: number, detail: string, retryAfterMs: number) {
    super(detail)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

export interface Asked {
  /** Null for 204: nothing is new. */
  readonly answer: PollAnswer | null
  /** When the whole body was here, before anything was parsed. */
  readonly receivedAtMs: number
}

/** The URL with the lane's name, where it has one. */
export function ofLane(url: string, lane: string | undefined): string {
  return lane === undefined ? url : `${url}${url.includes('?') ? '&' : '?'}lane=${lane}`
}

/** The URL with who reads, where somebody is named. */
export function ofPerson(url: string, person: Person | undefined): string {
  if (person === undefined) return url
  const { userId, name, client } = person
  return `${url}&${new URLSearchParams({ user: userId, name, client })}`
}

/** The same for a poll, with the version of the presence that it has got. */
export function ofPoll(url: string, person: Person | undefined, version: string | undefined): string {
  return person === undefined || version === undefined
    ? ofPerson(url, person)
    : `${ofPerson(url, person)}&presence=${version}`
}

/** Throws `Refused`, or what `fetch` throws: no network, out of time, stopped by `signal`. */
export async function ask(
  url: string,
  lane: string | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Asked> {
  const response = await fetch(ofLane(url, lane), {
    // Without a lane's name two pages at the same cursor ask for the same URL, and the browser's
    // cache would have the second wait for the answer of the first. Otherwise the server's own
    // no-store is enough, and the two headers that this adds to each request (43 bytes) are saved.
    cache: lane === undefined ? 'no-store' : 'default',
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  })
  const text = await response.text()
  const receivedAtMs = now()
  if (!response.ok) throw refused(response, text)
  return { answer: response.status === 204 ? null : JSON.parse(text), receivedAtMs }
}

/** Where a gap ends: before the events that came with it, and an answer's own cursor lies behind them. */
export function gapEnd({ events: [first], cursor }: PollAnswer): Cursor {
  return first?.id.replace(/\d+$/, (seq) => String(Number(seq) - 1)) ?? cursor
}

const PUBLISH_MS = 10_000

/**
 * Publishes by POST, and tells under which id. Throws like `ask`. Sent again once where no answer came: the server may have
 * closed a connection that was about to be reused, browsers repeat no POST by themselves, and
 * the key makes sure that it is published once.
 */
export async function post(
  { origin, room, lane }: Pick<Target, 'origin' | 'room' | 'lane'>,
  user: string,
  text: string,
  key: string,
): Promise<Cursor> {
  const send = () =>
    fetch(ofLane(`${origin}/feed/${room}`, lane), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ user, text }),
      signal: AbortSignal.timeout(PUBLISH_MS),
    })
  const response = await send().catch(send)
  const answer = await response.text()
  if (!response.ok) throw refused(response, answer)
  const { id }: Event = JSON.parse(answer)
  return id
}

/**
 * Says by POST what concerns presence, and waits for no answer. It outlives the page that says it.
 * Nothing is said where nobody is named, and nothing is tried again: a later word makes up for it.
 */
export function sayBy(
  { origin, room, lane, person }: Pick<Target, 'origin' | 'room' | 'lane' | 'person'>,
  what: 'typing' | 'leave',
  more: { readonly on?: boolean } = {},
): void {
  if (person === undefined) return
  const { userId: user, name, client } = person
  fetch(ofLane(`${origin}/feed/${room}/${what}`, lane), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, name, client, ...more }),
    keepalive: true,
    signal: AbortSignal.timeout(PUBLISH_MS),
  }).catch(() => {})
}

/** What an answer that is no success says. */
export function refused(response: Response, text: string): Refused {
  const seconds = Number(response.headers.get('retry-after') ?? 0)
  return new Refused(
    response.status,
    detailOf(text) ?? `The server answered ${response.status}`,
    seconds > 0 ? seconds * 1000 : 0,
  )
}

/** A student's server need not say what to do. */
export const sentences = (message: string, remedy?: string): string => (remedy ? `${message} ${remedy}` : message)

/** A proxy on the way may answer with anything. */
function detailOf(text: string): string | null {
  try {
    const { detail, remedy }: Partial<Problem> = JSON.parse(text)
    return detail ? sentences(detail, remedy) : null
  } catch {
    return null
  }
}

/** What went wrong, for people: browsers say no more than "Failed to fetch". */
export function troubleOf(error: unknown): string {
  if (error instanceof Refused) return error.message
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'no answer in time'
  return 'the server cannot be reached'
}

/** Resolves after a pause, or at once when `signal` aborts. Leaves neither timer nor listener. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}
