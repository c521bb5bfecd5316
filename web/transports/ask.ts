/** Code that polling and publishing share: one request that ends in one response or one clear error. */
import type { Cursor, Event, Person, PollAnswer, Problem } from '../../server/protocol/feed.ts'
import { now } from '../now.ts'
import { withinDeadline } from './deadline.ts'
import type { Target } from './transport.ts'

/** Error for a response with an error status. */
export class Refused extends Error {
  readonly status: number
  /** Pause that Retry-After asks for (RFC 9110, section 10.2.3); 0 if the header has no number of seconds. */
  readonly retryAfterMs: number

  constructor(status: number, detail: string, retryAfterMs: number) {
    super(detail)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

export interface ReceivedAnswer {
  /** The response of a poll; null for status 204, which means that there is nothing new. */
  readonly answer: PollAnswer | null
  /** Time at which the whole body had arrived, before it was parsed. */
  readonly receivedAtMs: number
}

/** Adds the lane's name to a URL, if there is one. */
export function ofLane(url: string, lane: string | undefined): string {
  return lane === undefined ? url : `${url}${url.includes('?') ? '&' : '?'}lane=${lane}`
}

/** Adds the person who reads to a URL, if there is one. */
export function ofPerson(url: string, person: Person | undefined): string {
  if (person === undefined) return url
  const { userId, name, client } = person
  return `${url}&${new URLSearchParams({ user: userId, name, client })}`
}

/** Adds the person to the URL of a poll, with the version of the presence that the client already has. */
export function ofPoll(url: string, person: Person | undefined, version: string | undefined): string {
  return person === undefined || version === undefined
    ? ofPerson(url, person)
    : `${ofPerson(url, person)}&presence=${version}`
}

/** Sends a poll. Throws `Refused`, or the error of `fetch`: no network, timeout, or stopped by `signal`. */
export async function ask(
  url: string,
  lane: string | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ReceivedAnswer> {
  const request = async (within: AbortSignal): Promise<ReceivedAnswer> => {
    const response = await fetch(ofLane(url, lane), {
      // Without a lane's name, two pages at the same cursor request the same URL. The browser's cache would then
      // make the second page wait for the response of the first. With a lane's name, the server's own no-store
      // suffices, and each request saves two headers (43 bytes).
      cache: lane === undefined ? 'no-store' : 'default',
      signal: within,
    })
    const text = await response.text()
    const receivedAtMs = now()
    if (!response.ok) throw refused(response, text)
    return { answer: response.status === 204 ? null : JSON.parse(text), receivedAtMs }
  }
  return withinDeadline(timeoutMs, request, signal)
}

/** Checks whether the server can be reached. Returns null for any response, otherwise a sentence of `troubleOf`. */
export async function reach(origin: string): Promise<string | null> {
  try {
    await withinDeadline(REACH_MS, (signal) => fetch(`${origin}/health`, { cache: 'no-store', signal }))
    return null
  } catch (error) {
    return troubleOf(error)
  }
}

/**
 * Cursor at the end of a gap, just before the events of the same response. The cursor of the response is after them.
 */
export function gapEnd({ events: [first], cursor }: PollAnswer): Cursor {
  return first?.id.replace(/\d+$/, (seq) => String(Number(seq) - 1)) ?? cursor
}

const PUBLISH_MS = 10_000
const REACH_MS = 3000

/**
 * Publishes by POST and resolves to the event's id. Throws like `ask`. Without a response it sends the request once
 * more, because the server may have closed a reused connection, and browsers do not repeat a POST. The key makes sure
 * that the message is published once.
 */
export async function post(
  { origin, room, lane }: Pick<Target, 'origin' | 'room' | 'lane'>,
  user: string,
  text: string,
  key: string,
): Promise<Cursor> {
  const send = () =>
    withinDeadline(PUBLISH_MS, (signal) =>
      fetch(ofLane(`${origin}/feed/${room}`, lane), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify({ user, text }),
        signal,
      }),
    )
  const response = await send().catch(send)
  const answer = await response.text()
  if (!response.ok) throw refused(response, answer)
  const { id }: Event = JSON.parse(answer)
  return id
}

/**
 * Reports typing or leaving by POST without waiting for the response. The request survives the end of the page.
 * Without a person nothing is sent. A failed report is not repeated, because the next one replaces it.
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

/** Error for a response with an error status. */
export function refused(response: Response, text: string): Refused {
  const seconds = Number(response.headers.get('retry-after') ?? 0)
  return new Refused(
    response.status,
    detailOf(text) ?? `The server answered ${response.status}`,
    seconds > 0 ? seconds * 1000 : 0,
  )
}

/** Joins the message of an error with its remedy. A student's server may leave the remedy out. */
export const sentences = (message: string, remedy?: string): string => (remedy ? `${message} ${remedy}` : message)

/** Sentence in the body of an error. A proxy may send any other body, for which the result is null. */
function detailOf(text: string): string | null {
  try {
    const { detail, remedy }: Partial<Problem> = JSON.parse(text)
    return detail ? sentences(detail, remedy) : null
  } catch {
    return null
  }
}

/** A sentence about an error for people. The browser's own text is only "Failed to fetch". */
export function troubleOf(error: unknown): string {
  if (error instanceof Refused) return error.message
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'no answer in time'
  return 'the server cannot be reached'
}

/** Resolves after a pause, or at once when `signal` aborts. Afterwards no timer and no listener is left. */
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
