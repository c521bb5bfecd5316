/**
 * Observes a feed from outside. Neither the feed nor the transport that reads it knows the observer, so
 * a new transport is counted without any change to it.
 */
import type { Feed } from '../feed/feed.ts'
import { LogUnavailable } from '../feed/log.ts'
import { now } from '../now.ts'
import type { Event, ServerTimeMs } from '../protocol/feed.ts'

export interface Reader {
  /** Called when a stream or a held poll starts to follow a room. Returns a function to call at its end. */
  arrived(): () => void
  /** Called with events that the socket has. Events accepted before `sinceMs` are history: their age is not a delay. */
  delivered(events: readonly Event[], sinceMs: ServerTimeMs): void
  /** Called when the reader has received a gap. */
  missed(): void
  /** Called when following has failed, so that the client is cut off and must reconnect. */
  failed(error: unknown): void
}

/** Age limit for a poll's events. The age of a younger event is its delay; an older event is requested history. */
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
  /** Called when the log has refused a publish. */
  refused(error: LogUnavailable): void
}

export function observePublishing(feed: Feed, writer: Writer): Feed {
  return {
    ...feed,
    async publish(...args) {
      try {
        const appended = await feed.publish(...args)
        writer.published(appended.repeated ? 'repeated' : 'accepted')
        return appended
      } catch (error) {
        if (error instanceof LogUnavailable) writer.refused(error)
        throw error
      }
    },
  }
}
