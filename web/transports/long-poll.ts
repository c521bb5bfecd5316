/**
 * Long polling (RFC 6202): the client sends the next request as soon as the response has arrived. The client does not
 * pause, because the server holds each request until there is a message.
 */
import { longPolling } from '../measure/model.ts'
import { now } from '../now.ts'
import { Refused, ask, gapEnd, ofPoll, pause, post, sayBy, troubleOf } from './ask.ts'
import { createBackoff } from './backoff.ts'
import type { DescribedTransport } from './transport.ts'

/**
 * The client requests a hold. If there is no response for this time after the hold's end, the client considers the
 * connection dead.
 */
const GRACE_MS = 10_000

export const longPoll: DescribedTransport = {
  name: 'long-poll',
  path: 'long-poll',
  kind: 'poll',
  canPush: true,
  isHeldByProxy: false,
  fallbackRank: 3,
  simplicityRank: 3,
  memoryKiB: 30,
  effort: {
    proxies: 'a timeout longer than the wait',
    authentication: 'as for any request',
    reconnect: 'the next poll, with backoff',
    replay: 'the cursor of each poll',
  },
  isUsual: true,
  label: 'Long polling',
  verb: 'held for up to',
  carrier: 'Long poll',
  shape: [
    [-0.88, -0.88],
    [0.88, -0.88],
    [0.88, 0.88],
    [-0.88, 0.88],
  ],
  colour: { light: '#8f1f77', dark: '#f29ad8' },
  model: longPolling,
  setting: {
    name: 'waitS',
    query: 'wait',
    label: 'Longest hold',
    verb: 'holds up to',
    choices: [5, 10, 25, 30],
    usual: 25,
    perSecond: 1,
  },

  connect(target, listener) {
    const { origin, room, lane, person, after, waitS } = target
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
            ofPoll(`${origin}/feed/${room}/long-poll?after=${cursor}&wait=${waitS}`, person, version),
            lane,
            waitS * 1000 + GRACE_MS,
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
          // The client does not pause. Until the next request arrives, the server has nothing to answer: this is the
          // blind gap.
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
