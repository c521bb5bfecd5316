/**
 * Short polling: the client asks, pauses, and asks again. A message that the server publishes during a pause waits on
 * the server until the next request, on average for half a pause.
 */
import { shortPolling } from '../measure/model.ts'
import { now } from '../now.ts'
import { Refused, ask, gapEnd, ofPoll, pause, post, sayBy, troubleOf } from './ask.ts'
import { createBackoff } from './backoff.ts'
import type { DescribedTransport } from './transport.ts'

const TIMEOUT_MS = 10_000

export const shortPoll: DescribedTransport = {
  name: 'short-poll',
  path: 'poll',
  kind: 'poll',
  canPush: false,
  isHeldByProxy: false,
  fallbackRank: 4,
  simplicityRank: 1,
  memoryKiB: 30,
  effort: {
    proxies: 'work as they are',
    authentication: 'as for any request',
    reconnect: 'the next poll',
    replay: 'the cursor of each poll',
  },
  isUsual: true,
  label: 'Short polling',
  verb: 'asks every',
  carrier: 'Poll',
  shape: [
    [0, -1.12],
    [1.18, 0.92],
    [-1.18, 0.92],
  ],
  colour: { light: '#c2480a', dark: '#f08a24' },
  model: shortPolling,
  setting: {
    name: 'intervalMs',
    query: 'poll',
    label: 'Poll interval',
    verb: 'asks every',
    choices: [100, 250, 500, 1000, 2000, 5000],
    usual: 1000,
    perSecond: 1000,
  },

  connect(target, listener) {
    const { origin, room, lane, person, after, intervalMs } = target
    const stopped = new AbortController()
    const { signal } = stopped
    void poll()

    return {
      publish: (user, text, key) => post(target, user, text, key),
      typing: (on = true) => sayBy(target, 'typing', { on }),
      stop: () => stopped.abort(),
      leave() {
        stopped.abort()
        sayBy(target, 'leave')
      },
    }

    async function poll(): Promise<void> {
      const backoff = createBackoff()
      let cursor = after
      let version: string | undefined

      while (!signal.aborted) {
        try {
          listener.state({ is: 'asking', atMs: now() })
          const { answer, receivedAtMs } = await ask(
            ofPoll(`${origin}/feed/${room}/poll?after=${cursor}`, person, version),
            lane,
            TIMEOUT_MS,
            signal,
          )
          if (signal.aborted) return
          backoff.reset()

          if (answer?.gap) listener.gap(gapEnd(answer), receivedAtMs)
          // A listener may stop the connection. After that, the listener is not called again.
          if (answer?.events.length && !signal.aborted) listener.events(answer.events, receivedAtMs)
          if (answer?.presence && !signal.aborted) listener.presence?.(answer.presence)
          if (signal.aborted) return
          cursor = answer?.cursor ?? cursor
          version = answer?.presence?.version ?? version
          if (answer?.more) continue

          // The pause begins after the response, so no poll overtakes another. Each poll begins one interval and one
          // round trip after the last poll.
          const atMs = now()
          listener.state({ is: 'pausing', atMs, untilMs: atMs + intervalMs })
          await pause(intervalMs, signal)
        } catch (error) {
          if (signal.aborted) return
          const atMs = now()
          const waitMs = Math.max(backoff.nextMs(), error instanceof Refused ? error.retryAfterMs : 0)
          listener.state({
            is: 'reconnecting',
            atMs,
            untilMs: atMs + waitMs,
            trouble: troubleOf(error),
            ...(error instanceof Refused && { status: error.status }),
          })
          await pause(waitMs, signal)
        }
      }
    }
  },
}
