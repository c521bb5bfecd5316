/** A WebSocket that comes back: to where it was, not at once, and not all clients together. */
import type { Event, FeedMessage } from '#server/protocol.ts'

/** At the most, before the first return; each further one may take twice as long, up to the longest. */
const FIRST_MS = 1000
const LONGEST_MS = 30_000

/** A line that is silent for so long is asked whether it is there, and has so long to answer. */
const SILENCE_MS = 20_000
const ANSWER_MS = 10_000

/** Policy violation: the server does not want this client, and will not want it next time. */
const NOT_WANTED = 1008

interface Target {
  readonly origin: string
  readonly room: string
  readonly after?: string
}

interface Listener {
  event(event: Event): void
  ended(why: string): void
}

/** Brings every event behind `after`, once and in order, however often the line is cut. Answers what ends it. */
export function connect({ origin, room, after }: Target, listener: Listener): () => void {
  let cursor = after
  let socket = open()

  function open(): WebSocket {
    const query = cursor === undefined ? '' : `?after=${cursor}`
    const opening = new WebSocket(`${origin}/feed/${room}/ws${query}`)
    opening.onmessage = ({ data }) => receive(JSON.parse(String(data)))
    opening.onclose = ({ code }) => lost(code)
    return opening
  }

  function receive(message: Event | FeedMessage): void {
    // TODO 2: where is this client now? And is the line one that works?
    if ('at' in message) listener.event(message)
  }

  function lost(code?: number): void {
    // TODO 1: come back, after a while that grows with each failure in a row and is another for each client.
    // TODO 4: but not to a server that does not want this client: then it is told that it has ended.
  }

  // TODO 3: a line that dies without a word. Who is silent for SILENCE_MS is asked, and lost without an answer.

  function stop(): void {
    socket.onmessage = socket.onclose = null
    socket.close()
  }

  return stop
}
