/**
 * Streaming HTTP: one response that never ends. Each line of the response is a JSON object. `fetch` delivers the bytes
 * while they arrive, and nothing more, so this file finds the lines, notices silence, and reconnects.
 */
import type { Event, RoomPresence, StreamMessage } from '../../server/protocol/feed.ts'
import { streaming } from '../measure/model.ts'
import { now } from '../now.ts'
import { Refused, ofLane, ofPerson, pause, post, refused, sayBy, troubleOf } from './ask.ts'
import { createBackoff } from './backoff.ts'
import { startDeadline } from './deadline.ts'
import type { DescribedTransport } from './transport.ts'

/**
 * If the stream is silent for this time, two heartbeats are missing and the stream counts as dead. A dead connection
 * may raise no error, neither in the browser nor on the server.
 */
const SILENCE_MS = 30_000

export const stream: DescribedTransport = {
  name: 'stream',
  path: 'stream',
  kind: 'stream',
  canPush: true,
  isHeldByProxy: true,
  // A proxy that buffers an event stream also buffers this stream, so a fallback to this transport would only cost
  // time.
  fallbackRank: null,
  simplicityRank: 4,
  memoryKiB: 11.5,
  effort: {
    proxies: 'no buffering, a long timeout',
    authentication: 'as for any request; end streams with their session',
    reconnect: 'your code, with backoff',
    replay: 'your code sends the cursor',
  },
  isUsual: false,
  label: 'Streaming fetch',
  verb: 'one response, line by line',
  carrier: 'Line',
  shape: [
    [0, 1.12],
    [1.18, -0.92],
    [-1.18, -0.92],
  ],
  colour: { light: '#7d6200', dark: '#e5d04a' },
  // The argument is the size of a heartbeat: a chunk that contains `{"type":"heartbeat"}` and a line break.
  model: streaming(27),

  connect(target, listener) {
    const { origin, room, lane, person, after } = target
    const stopped = new AbortController()
    const { signal } = stopped
    const backoff = createBackoff()
    let cursor = after
    void follow()

    return {
      publish: (user, text, key) => post(target, user, text, key),
      typing: (on = true) => sayBy(target, 'typing', { on }),
      stop: () => stopped.abort(),
      leave() {
        stopped.abort()
        sayBy(target, 'leave')
      },
    }

    async function follow(): Promise<void> {
      while (!signal.aborted) {
        const error = await read().catch((error: unknown) => error)
        if (signal.aborted) return
        const atMs = now()
        const waitMs = Math.max(backoff.nextMs(), error instanceof Refused ? error.retryAfterMs : 0)
        listener.state({
          is: 'reconnecting',
          atMs,
          untilMs: atMs + waitMs,
          trouble: error instanceof Broken ? error.message : troubleOf(error),
          ...(error instanceof Refused && { status: error.status }),
        })
        await pause(waitMs, signal)
      }
    }

    /**
     * Reads one response to its end. The promise always rejects: with a reason to reconnect, or because the connection
     * was stopped.
     */
    async function read(): Promise<never> {
      const attempt = new AbortController()
      let unwatch = (): void => {}
      const watch = (): void => {
        unwatch()
        unwatch = startDeadline(SILENCE_MS, () => attempt.abort(new Broken('no byte came, not even a heartbeat')))
      }
      let isOpen = false
      try {
        listener.state({ is: 'connecting', atMs: now() })
        watch()
        const response = await fetch(ofLane(ofPerson(`${origin}/feed/${room}/stream?after=${cursor}`, person), lane), {
          // Without a lane's name, pages may request the same URL, and the browser's cache would make one page wait for
          // the other.
          cache: lane === undefined ? 'no-store' : 'default',
          signal: AbortSignal.any([signal, attempt.signal]),
        })
        if (!response.ok || !response.body) throw refused(response, await response.text())
        isOpen = true
        backoff.reset()
        listener.state({ is: 'open', atMs: now() })

        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
        /** Beginning of a line whose end comes in a later chunk. */
        let rest = ''
        while (true) {
          const { done, value } = await reader.read()
          const receivedAtMs = now()
          if (done) throw new Broken('the stream ended')
          watch()
          const lines = (rest + value).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) {
            // While the listener handled the last line, it may have stopped the connection.
            if (!signal.aborted) take(JSON.parse(line), receivedAtMs)
          }
        }
      } catch (error) {
        if (error instanceof SyntaxError) throw new Broken('the stream contained a line that is not JSON')
        if (isOpen && !(error instanceof Broken)) throw new Broken('the stream was cut')
        throw error
      } finally {
        unwatch()
        // If this file could not read a line, the response would go on without this call.
        attempt.abort()
      }
    }

    function take(message: Event | StreamMessage | RoomPresence, receivedAtMs: number): void {
      if ('at' in message) {
        cursor = message.id
        listener.events([message], receivedAtMs)
      } else if (message.type === 'gap') {
        cursor = message.cursor
        listener.gap(cursor, receivedAtMs)
      } else if (message.type === 'presence') {
        listener.presence?.(message)
      } else if (message.type === 'degraded') {
        listener.state({ is: 'open', atMs: receivedAtMs, trouble: message.reason })
      } else if (message.type === 'restored') {
        listener.state({ is: 'open', atMs: receivedAtMs })
      }
    }
  },
}

/** Error that ends the reading of a response. The error's message is a sentence without a full stop. */
class Broken extends Error {}
