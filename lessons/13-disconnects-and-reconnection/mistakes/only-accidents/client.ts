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
    // A handshake may be left without an answer, too.
    clearTimeout(watchdog)
    watchdog = setTimeout(lost, SILENCE_MS + ANSWER_MS)
    return opening
  }

  function receive(message: Event | FeedMessage): void {
    // Open is not enough: a server that is overloaded opens, and closes at once.
    failures = 0
    if (message.type === 'connected') cursor = message.cursor
    else if ('at' in message) {
      cursor = message.id
      listener.event(message)
    }
  }

  function lost(code?: number): void {
    stop()
    if (code !== undefined && code !== 1006) return listener.ended('The server does not want this client.')
    // Anywhere in between: those who were cut together do not come back together.
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

  /** Does not wait for the close of a line that is dead, and hears no more of it. */
  function stop(): void {
    clearTimeout(retry)
    clearTimeout(watchdog)
    socket.onmessage = socket.onclose = null
    socket.close()
  }

  return stop
}
