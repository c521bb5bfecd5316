/**
 * Short polling: asks, pauses, asks again. What is published during the pause waits on the
 * server until the next request, half a pause on average.
 */
import { now } from '../now.ts'
import { Refused, ask, gapEnd, pause, post, troubleOf } from './ask.ts'
import { createBackoff } from './backoff.ts'
import type { Transport } from './transport.ts'

const TIMEOUT_MS = 10_000

export const shortPoll: Transport = {
  connect({ origin, room, lane, after, intervalMs }, listener) {
    const stopped = new AbortController()
    const { signal } = stopped
    void poll()

    return {
      publish: (user, text, key) => post({ origin, room, lane }, user, text, key),
      stop: () => stopped.abort(),
    }

    async function poll(): Promise<void> {
      const backoff = createBackoff()
      let cursor = after

      while (!signal.aborted) {
        try {
          listener.state({ is: 'asking', atMs: now() })
          const { answer, receivedAtMs } = await ask(
            `${origin}/feed/${room}/poll?after=${cursor}`,
            lane,
            TIMEOUT_MS,
            signal,
          )
          if (signal.aborted) return
          backoff.reset()

          if (answer?.gap) listener.gap(gapEnd(answer), receivedAtMs)
          if (answer?.events.length) listener.events(answer.events, receivedAtMs)
          cursor = answer?.cursor ?? cursor
          if (answer?.more) continue

          // The pause sits here, behind the answer: polls never overtake each other, and each
          // begins one interval and one round trip after the one before.
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
