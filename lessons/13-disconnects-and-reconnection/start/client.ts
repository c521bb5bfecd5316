/** A WebSocket that reconnects: it resumes at its cursor, after a pause, and not together with all other clients. */
import type { Event, FeedMessage } from '#server/protocol.ts'

/** The longest pause before the first attempt. It doubles with each failure, up to LONGEST_MS. */
const FIRST_MS = 1000
const LONGEST_MS = 30_000

/** After SILENCE_MS without a message, the client sends a ping. The server then has ANSWER_MS to respond. */
const SILENCE_MS = 20_000
const ANSWER_MS = 10_000

/** Policy violation: the server refuses this client, and will refuse it the next time, too. */
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

/** Delivers every event after `after`, once and in order, in spite of cuts. Returns a function that ends it. */
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
    // TODO 2: what is this client's cursor now? Does this message prove that the connection works?
    if ('at' in message) listener.event(message)
  }

  function lost(code?: number): void {
    // TODO 1: reconnect after a pause. It grows with each failure in a row, and it is different for each client.
    // TODO 4: if the server refuses this client for ever, do not reconnect, and call `listener.ended`.
  }

  // TODO 3: notice a connection that dies silently. After SILENCE_MS send a ping; without a response it is dead.

  function stop(): void {
    socket.onmessage = socket.onclose = null
    socket.close()
  }

  return stop
}
