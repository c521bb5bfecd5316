/**
 * Tells what goes through a feed, from outside: neither the feed nor the transport that reads it
 * knows, so that a further transport is counted from its first day.
 */
import type { Feed } from '../feed/feed.ts'
import { LogUnavailable } from '../feed/log.ts'
import { now } from '../now.ts'
import type { Event, ServerTimeMs } from '../protocol.ts'

export interface Reader {
  /** A stream or a held poll follows a room from now on. Answers whom to tell when it no longer does. */
  arrived(): () => void
  /** These are with its socket now. Those accepted before `sinceMs` are history: their age is no delay. */
  delivered(events: readonly Event[], sinceMs: ServerTimeMs): void
  /** It was told that events before the next are no longer kept. */
  missed(): void
  /** Following failed: it is cut off and has to come back. */
  failed(error: unknown): void
}

/** What a poll brings may have waited for the poll; what is older than any sensible interval was asked for as history. */
const POLL_MS = 60_000

export function observeReading(feed: Feed, reader: Reader): Feed {
  return {
    ...feed,
    async since(room, after, limit) {
      const answer = await feed.since(room, after, limit)
      if (answer.gap) reader.missed()
      reader.delivered(answer.events, now() - POLL_MS)
      return answer
    },
    follow(room, after, deliver, failed) {
      const sinceMs = now()
      const stop = feed.follow(
        room,
        after,
        (batch) => {
          const held = deliver(batch)
          if (batch.gap) reader.missed()
          reader.delivered(batch.events, sinceMs)
          return held
        },
        (error) => {
          leave()
          reader.failed(error)
          failed(error)
        },
      )
      const leave = reader.arrived()
      return () => {
        leave()
        stop()
      }
    },
  }
}

export interface Writer {
  published(result: 'accepted' | 'repeated'): void
  /** The log did not take it. */
  refused(error: LogUnavailable): void
}

export function observePublishing(feed: Feed, writer: Writer): Feed {
  return {
    ...feed,
    async publish(room, draft, key, state) {
      try {
        const appended = await feed.publish(room, draft, key, state)
        writer.published(appended.repeated ? 'repeated' : 'accepted')
        return appended
      } catch (error) {
        if (error instanceof LogUnavailable) writer.refused(error)
        throw error
      }
    },
  }
}
