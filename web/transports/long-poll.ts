/**
 * Long polling (RFC 6202): asks, and asks again as soon as the answer is here. The pause sits on
 * the server, which holds the request until it has something to say.
 */
import { now } from '../now.ts'
import { Refused, ask, gapEnd, ofPoll, pause, post, sayBy, troubleOf } from './ask.ts'
import { createBackoff } from './backoff.ts'
import type { Transport } from './transport.ts'

/** How much longer than the wait it asked for a client waits before it thinks the connection dead. */
const GRACE_MS = 10_000

export const longPoll: Transport = {
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
          // Whoever is told may stop it, and is told nothing more then.
          if (answer?.events.length && !signal.aborted) listener.events(answer.events, receivedAtMs)
          if (answer?.presence && !signal.aborted) listener.presence?.(answer.presence)
          if (signal.aborted) return
          cursor = answer?.cursor ?? cursor
          version = answer?.presence?.version ?? version
          // No pause: until the next request is there, nobody asks, and this gap is blind.
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
