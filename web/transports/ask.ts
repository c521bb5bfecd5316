/** Code that polling and publishing share: it sends one request, and ends with one response or one clear error. */
import type { Cursor, Event, Person, PollAnswer, Problem } from '../../server/protocol/feed.ts'
import { now } from '../now.ts'
import { withinDeadline } from './deadline.ts'
import type { Target } from './transport.ts'

/** Error that stands for a response with an error status. */
export class Refused extends Error {
  readonly status: number
  /**
   * Time in ms that the header Retry-After asks the client to wait (RFC 9110, section 10.2.3); 0 if the header gives no
   * number of seconds.
   */
  readonly retryAfterMs: number

  constructor(status: number, detail: string, retryAfterMs: number) {
    super(detail)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

export interface ReceivedAnswer {
  /** Response of the poll; null if the status is 204, because there is nothing new. */
  readonly answer: PollAnswer | null
  /** Time at which the whole body had arrived. The body was parsed after this time. */
  readonly receivedAtMs: number
}

/** Adds the lane's name to a URL. Without a lane, the URL stays as it is. */
export function ofLane(url: string, lane: string | undefined): string {
  return lane === undefined ? url : `${url}${url.includes('?') ? '&' : '?'}lane=${lane}`
}

/** Adds the person who reads to a URL. Without a person, the URL stays as it is. */
export function ofPerson(url: string, person: Person | undefined): string {
  if (person === undefined) return url
  const { userId, name, client } = person
  return `${url}&${new URLSearchParams({ user: userId, name, client })}`
}

/** Adds the person to a poll's URL, and also the version of the list of people that the client already has. */
export function ofPoll(url: string, person: Person | undefined, version: string | undefined): string {
  return person === undefined || version === undefined
    ? ofPerson(url, person)
    : `${ofPerson(url, person)}&presence=${version}`
}

/**
 * Sends a poll. Throws `Refused` for an error status. Throws the error of `fetch` if there is no network, after a
 * timeout, or if `signal` aborts.
 */
export async function ask(
  url: string,
  lane: string | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ReceivedAnswer> {
  const request = async (within: AbortSignal): Promise<ReceivedAnswer> => {
    const response = await fetch(ofLane(url, lane), {
      // Without a lane's name, pages at the same cursor request the same URL, and the browser's cache would make one
      // page wait for the other page's response. With a lane's name, the header no-store of the server's response is
      // enough. Then the browser sends two request headers (43 bytes) less.
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

/**
 * Checks whether the page can reach the server. Returns null after any response, otherwise a sentence of `troubleOf`.
 */
export async function reach(origin: string): Promise<string | null> {
  try {
    await withinDeadline(REACH_MS, (signal) => fetch(`${origin}/health`, { cache: 'no-store', signal }))
    return null
  } catch (error) {
    return troubleOf(error)
  }
}

/**
 * Returns the cursor at the end of a gap. The gap ends just before the events of the response, but the response's own
 * cursor is after them.
 */
export function gapEnd({ events: [first], cursor }: PollAnswer): Cursor {
  return first?.id.replace(/\d+$/, (seq) => String(Number(seq) - 1)) ?? cursor
}

const PUBLISH_MS = 10_000
const REACH_MS = 3000

/**
 * Publishes by POST and resolves to the event's id. Throws the same errors as `ask`. If there is no response, sends the
 * request once more: the server may have closed the reused connection, and a browser does not repeat a POST. Because of
 * the key, the server publishes the message only once.
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
 * Reports by POST that the person types or leaves. Does not wait for the response, so the page may end. Without a
 * person, sends nothing. A failed report is not sent again, because the next report replaces it.
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

/** Creates the error for a response with an error status. */
export function refused(response: Response, text: string): Refused {
  const seconds = Number(response.headers.get('retry-after') ?? 0)
  return new Refused(
    response.status,
    detailOf(text) ?? `The server answered ${response.status}`,
    seconds > 0 ? seconds * 1000 : 0,
  )
}

/** Joins the message of an error and the remedy. A student's server may give no remedy. */
export const sentences = (message: string, remedy?: string): string => (remedy ? `${message} ${remedy}` : message)

/** Returns the sentence in the body of an error; null if the body has another form, for example a proxy's. */
function detailOf(text: string): string | null {
  try {
    const { detail, remedy }: Partial<Problem> = JSON.parse(text)
    return detail ? sentences(detail, remedy) : null
  } catch {
    return null
  }
}

/** Describes an error in a sentence for people. The browser's own text is only "Failed to fetch". */
export function troubleOf(error: unknown): string {
  if (error instanceof Refused) return error.message
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'no answer in time'
  return 'the server cannot be reached'
}

/** Resolves after `ms`, or at once when `signal` aborts. Then no timer and no listener is left. */
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
