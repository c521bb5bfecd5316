/** Sends changes up, one after the other in the order in which they were made, until each has been answered. */
import type { Change, Cursor, Event } from '../../server/protocol.ts'
import { Refused, ofLane, pause, refused } from '../transports/ask.ts'
import { createBackoff } from '../transports/backoff.ts'

export interface Outbox {
  add(key: string, user: string, change: Change): void
  /** Whatever it waits for may be over: tries at once. */
  hurry(): void
  stop(): void
}

export interface Answers {
  accepted(key: string, id: Cursor): void
  /** Will never be accepted; says why. */
  refused(key: string, why: string): void
  /** Not answered yet, for this error, and tried again; null when the server answers. */
  trouble(error: unknown): void
}

interface Letter {
  readonly key: string
  readonly user: string
  readonly change: Change
}

const ANSWER_MS = 10_000

export function createOutbox(url: string, lane: string, answers: Answers): Outbox {
  const letters: Letter[] = []
  const stopped = new AbortController()
  const backoff = createBackoff()
  let waiting = new AbortController()
  let isSending = false

  return {
    add(key, user, change) {
      letters.push({ key, user, change })
      if (!isSending) void sendAll()
    },
    hurry: () => waiting.abort(),
    stop() {
      stopped.abort()
      waiting.abort()
    },
  }

  async function sendAll(): Promise<void> {
    isSending = true
    for (let [first] = letters; first && !stopped.signal.aborted; [first] = letters) {
      try {
        const { id } = await send(first)
        if (stopped.signal.aborted) return
        letters.shift()
        backoff.reset()
        answers.trouble(null)
        answers.accepted(first.key, id)
      } catch (error) {
        if (stopped.signal.aborted) return
        if (error instanceof Refused && isFinal(error)) {
          letters.shift()
          answers.trouble(null)
          answers.refused(first.key, error.message)
        } else {
          answers.trouble(error)
          waiting = new AbortController()
          await pause(Math.max(backoff.nextMs(), error instanceof Refused ? error.retryAfterMs : 0), waiting.signal)
        }
      }
    }
    isSending = false
  }

  /** With the same key as often as it takes: the server changes the board once. */
  async function send({ key, user, change }: Letter): Promise<Event> {
    const response = await fetch(ofLane(url, lane), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ user, ...change }),
      signal: AbortSignal.any([stopped.signal, AbortSignal.timeout(ANSWER_MS)]),
    })
    const text = await response.text()
    if (!response.ok) throw refused(response, text)
    return JSON.parse(text)
  }
}

/** Too many and too late pass, and who is signed out may sign in again; whatever else the client did wrong stays wrong. */
const isFinal = ({ status }: Refused): boolean => status >= 400 && status < 500 && ![401, 408, 429].includes(status)
