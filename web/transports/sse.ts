/**
 * Server-sent events (WHATWG HTML, section 9.2): one answer that never ends, read by the
 * browser's own EventSource.
 *
 * EventSource would reconnect by itself, but after a fixed time without jitter, and never again
 * once it was answered by an error status or by something that is no event stream. So each
 * error closes it here, and a new one starts at the cursor after a time of our own.
 */
import type { Event, RoomPresence } from '../../server/protocol.ts'
import { now } from '../now.ts'
import { ofLane, ofPerson, post, sayBy } from './ask.ts'
import { createBackoff } from './backoff.ts'
import type { Transport } from './transport.ts'

/** Two heartbeats missed: neither end may ever be told that the line leads nowhere. */
const SILENCE_MS = 30_000

export const sse: Transport = {
  connect(target, listener) {
    const { origin, room, lane, person, after } = target
    const backoff = createBackoff()
    let cursor = after
    let source = open()
    let retry: ReturnType<typeof setTimeout> | undefined
    let watchdog: ReturnType<typeof setTimeout> | undefined

    return {
      publish: (user, text, key) => post(target, user, text, key),
      typing: (on = true) => sayBy(target, 'typing', { on }),
      stop,
      leave() {
        stop()
        sayBy(target, 'leave')
      },
    }

    function stop(): void {
      source.close()
      clearTimeout(retry)
      clearTimeout(watchdog)
    }

    function open(): EventSource {
      listener.state({ is: 'connecting', atMs: now() })
      const stream = new EventSource(ofLane(ofPerson(`${origin}/feed/${room}/sse?after=${cursor}`, person), lane))
      let wasOpen = false
      stream.onopen = () => {
        wasOpen = true
        backoff.reset()
        listener.state({ is: 'open', atMs: now() })
        watch(stream)
      }
      stream.onmessage = ({ data, lastEventId }: MessageEvent<string>) => {
        const receivedAtMs = now()
        watch(stream)
        const event: Event = JSON.parse(data)
        cursor = lastEventId
        listener.events([event], receivedAtMs)
      }
      stream.addEventListener('gap', ({ lastEventId }) => {
        const receivedAtMs = now()
        cursor = lastEventId
        listener.gap(cursor, receivedAtMs)
      })
      stream.addEventListener('presence', ({ data }: MessageEvent<string>) => {
        watch(stream)
        const presence: RoomPresence = JSON.parse(data)
        listener.presence?.(presence)
      })
      stream.addEventListener('heartbeat', () => watch(stream))
      stream.onerror = () => {
        // 2: it has given up. Why, EventSource does not say: neither status nor reason.
        const refused = stream.readyState === stream.CLOSED
        stream.close()
        reconnect(
          refused ? 'the server refused the stream' : wasOpen ? 'the stream ended' : 'the server cannot be reached',
        )
      }
      return stream
    }

    function watch(stream: EventSource): void {
      clearTimeout(watchdog)
      watchdog = setTimeout(() => {
        stream.close()
        reconnect('not even a heartbeat came')
      }, SILENCE_MS)
    }

    function reconnect(trouble: string): void {
      clearTimeout(watchdog)
      const waitMs = backoff.nextMs()
      const atMs = now()
      listener.state({ is: 'reconnecting', atMs, untilMs: atMs + waitMs, trouble })
      retry = setTimeout(() => (source = open()), waitMs)
    }
  },
}
