/**
 * Server-sent events (WHATWG HTML, section 9.2): one response that never ends. The browser's own EventSource reads the
 * response.
 *
 * EventSource reconnects by itself, but always after the same time, without jitter. EventSource never reconnects after
 * an error status, or after a response that is not an event stream. So this file closes the EventSource after each
 * error, waits for a random time, and opens a new EventSource at the cursor.
 */
import type { Event, RoomPresence } from '../../server/protocol/feed.ts'
import { streaming } from '../measure/model.ts'
import { now } from '../now.ts'
import { ofLane, ofPerson, post, sayBy } from './ask.ts'
import { createBackoff } from './backoff.ts'
import { startDeadline } from './deadline.ts'
import type { DescribedTransport } from './transport.ts'

/**
 * If the stream is silent for this time, two heartbeats are missing and the stream counts as dead. A dead connection
 * may raise no error, neither in the browser nor on the server.
 */
const SILENCE_MS = 30_000

export const sse: DescribedTransport = {
  name: 'sse',
  path: 'sse',
  kind: 'stream',
  canPush: true,
  isHeldByProxy: true,
  fallbackRank: 2,
  simplicityRank: 2,
  memoryKiB: 9.1,
  effort: {
    proxies: 'no buffering, a long timeout',
    authentication: 'cookies only; end streams with their session',
    reconnect: 'built into EventSource',
    replay: 'built in: Last-Event-ID',
  },
  isUsual: true,
  label: 'SSE',
  verb: 'one endless response',
  carrier: 'Event',
  shape: 'circle',
  colour: { light: '#00775a', dark: '#2fd698' },
  // The argument is the size of a heartbeat: a chunk that contains `:hb`, `event: heartbeat` and `data:`.
  model: streaming(34),

  connect(target, listener) {
    const { origin, room, lane, person, after } = target
    const backoff = createBackoff()
    let cursor = after
    let source = open()
    let retry: ReturnType<typeof setTimeout> | undefined
    let unwatch = (): void => {}

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
      unwatch()
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
      stream.addEventListener('degraded', ({ data }: MessageEvent<string>) => {
        watch(stream)
        const { reason }: { readonly reason: string } = JSON.parse(data)
        listener.state({ is: 'open', atMs: now(), trouble: reason })
      })
      stream.addEventListener('restored', () => {
        watch(stream)
        listener.state({ is: 'open', atMs: now() })
      })
      stream.addEventListener('heartbeat', () => watch(stream))
      stream.onerror = () => {
        // If the state is CLOSED, EventSource does not reconnect by itself. EventSource tells neither the status nor
        // the reason.
        const refused = stream.readyState === stream.CLOSED
        stream.close()
        reconnect(
          refused ? 'the server refused the stream' : wasOpen ? 'the stream ended' : 'the server cannot be reached',
        )
      }
      return stream
    }

    function watch(stream: EventSource): void {
      unwatch()
      unwatch = startDeadline(SILENCE_MS, () => {
        stream.close()
        reconnect('no byte came, not even a heartbeat')
      })
    }

    function reconnect(trouble: string): void {
      unwatch()
      const waitMs = backoff.nextMs()
      const atMs = now()
      listener.state({ is: 'reconnecting', atMs, untilMs: atMs + waitMs, trouble })
      retry = setTimeout(() => (source = open()), waitMs)
    }
  },
}
