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
  let failures = 0
  let retry: NodeJS.Timeout | undefined
  let watchdog: NodeJS.Timeout | undefined
  let socket = open()

  function open(): WebSocket {
    const query = cursor === undefined ? '' : `?after=${cursor}`
    const opening = new WebSocket(`${origin}/feed/${room}/ws${query}`)
    opening.onmessage = ({ data }) => {
      watch()
      receive(JSON.parse(String(data)))
    }
    opening.onclose = ({ code }) => lost(code)
    // The server may also never respond to the handshake.
    clearTimeout(watchdog)
    watchdog = setTimeout(lost, SILENCE_MS + ANSWER_MS)
    return opening
  }

  function receive(message: Event | FeedMessage): void {
    // An open connection is not enough: an overloaded server may accept it and close it at once.
    failures = 0
    if (message.type === 'connected') cursor = message.cursor
    else if ('at' in message) {
      cursor = message.id
      listener.event(message)
    }
  }

  function lost(code?: number): void {
    stop()
    if (code === NOT_WANTED) return listener.ended('The server does not want this client.')
    // The pause is random, so clients that were cut together do not return together.
    retry = setTimeout(() => (socket = open()), Math.random() * Math.min(FIRST_MS * 2 ** failures, LONGEST_MS))
    failures += 1
  }

  function watch(): void {
    clearTimeout(watchdog)
    watchdog = setTimeout(() => {
      socket.send('{"type":"ping"}')
      watchdog = setTimeout(lost, ANSWER_MS)
    }, SILENCE_MS)
  }

  /** Ends the connection without waiting for its close event. Its messages are ignored from now on. */
  function stop(): void {
    clearTimeout(retry)
    clearTimeout(watchdog)
    socket.onmessage = socket.onclose = null
    socket.close()
  }

  return stop
}
