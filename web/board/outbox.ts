/**
 * Sends changes to the server one after the other, in the order in which the person made them. Sends each change until
 * the server has answered it.
 */
import type { Change } from '../../server/protocol/board.ts'
import type { Cursor, Event } from '../../server/protocol/feed.ts'
import { Refused, ofLane, pause, refused } from '../transports/ask.ts'
import { createBackoff } from '../transports/backoff.ts'
import { withinDeadline } from '../transports/deadline.ts'

export interface Outbox {
  add(key: string, user: string, change: Change): void
  /** Sends the waiting change again at once, because the obstacle may be gone. */
  hurry(): void
  stop(): void
}

export interface Answers {
  accepted(key: string, id: Cursor): void
  /** The outbox calls this when the server finally refused a change. `why` is the reason. */
  refused(key: string, why: string): void
  /**
   * The outbox calls this with an error if the server did not answer; the outbox then sends the change again. The
   * outbox calls this with null when the server answers.
   */
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

  /** Sends a change. Each attempt sends the same key, so the server applies the change only once. */
  async function send({ key, user, change }: Letter): Promise<Event> {
    const request = async (signal: AbortSignal): Promise<Event> => {
      const response = await fetch(ofLane(url, lane), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify({ user, ...change }),
        signal,
      })
      const text = await response.text()
      if (!response.ok) throw refused(response, text)
      return JSON.parse(text)
    }
    return withinDeadline(ANSWER_MS, request, stopped.signal)
  }
}

/**
 * Reports whether a refusal is final. A timeout or a rate limit is temporary, and after status 401 a person can sign in
 * again. Every other 4xx status is final.
 */
const isFinal = ({ status }: Refused): boolean => status >= 400 && status < 500 && ![401, 408, 429].includes(status)
