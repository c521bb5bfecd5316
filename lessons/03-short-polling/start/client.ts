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
    // TODO 6: ask again and again, until the client is stopped. Wait for INTERVAL_MS after each response, but not if
    //         the server has more events. What happens here if `ask` throws an error?
    await ask()
  }

  /** Sends one request and delivers its events. Returns true if the server has more events already. */
  async function ask(): Promise<boolean> {
    const query = cursor === undefined ? '' : `?after=${cursor}`
    // TODO 4: send the request with `fetch`, and let `stopped` abort it. Which statuses come with an answer, and which not?
    // TODO 5: keep the new cursor, and deliver the events.
    return false
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
