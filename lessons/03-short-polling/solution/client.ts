/** The page's client for short polling: it asks for news, waits for the interval, and asks again. */
import type { Event, PollAnswer } from '#server/protocol.ts'

/** Pause between a response and the next request. */
const INTERVAL_MS = 1000

interface Target {
  /** `http://localhost:4103` */
  readonly origin: string
  readonly room: string
  /** Cursor after which the client begins; without it, the client begins at the end of the room. */
  readonly after?: string
}

interface Listener {
  event(event: Event): void
}

/** Delivers every event once and in order. Returns a function that stops the client. */
export function connect({ origin, room, after }: Target, listener: Listener): () => void {
  let cursor = after
  const stopped = new AbortController()
  void run()
  return () => stopped.abort()

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      // `fetch` rejects if no response comes. The next request has the same cursor, so nothing is lost.
      const more = await ask().catch(() => false)
      if (!more) await pause(INTERVAL_MS)
    }
  }

  /** Sends one request and delivers its events. Returns true if the server has more events already. */
  async function ask(): Promise<boolean> {
    const query = cursor === undefined ? '' : `?after=${cursor}`
    const response = await fetch(`${origin}/feed/${room}/poll${query}`, { signal: stopped.signal })
    // 204 means that nothing is new. The body of an error is no answer either, even if it is JSON.
    if (response.status !== 200) return false
    const answer: PollAnswer = await response.json()
    cursor = answer.cursor
    for (const event of answer.events) listener.event(event)
    return answer.more
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
