/**
 * Observes a feed from outside. Neither the feed nor the transport that reads the feed knows the observer. So a new
 * transport is counted without any code for it.
 */
import type { Feed } from '../feed/feed.ts'
import { LogUnavailable } from '../feed/log.ts'
import { now } from '../now.ts'
import type { Event } from '../protocol/feed.ts'

export interface Reader {
  /** Called when a stream or a held poll starts to follow a room. Returns a function to call at its end. */
  arrived(): () => void
  /**
   * Called with events that were given to the socket. The first `history` events were committed before the reader
   * came, so their age is not a delay.
   */
  delivered(events: readonly Event[], history: number): void
  /** Called when the reader has received a gap. */
  missed(): void
  /** Called when the feed has stopped this reader because of an error. The client is cut off and must reconnect. */
  failed(error: unknown): void
}

/**
 * Age limit for a poll's events. The age of a younger event counts as its delay, and an older event counts as history.
 * A poll does not show when its client came, so this is an estimate.
 */
const POLL_MS = 60_000

export function observeReading(feed: Feed, reader: Reader): Feed {
  return {
    ...feed,
    async since(room, after, limit) {
      const answer = await feed.since(room, after, limit)
      if (answer.gap) reader.missed()
      reader.delivered(answer.events, historyIn(answer.events))
      return answer
    },
    follow(room, after, deliver, failed) {
      const stop = feed.follow(
        room,
        after,
        (batch, history) => {
          const held = deliver(batch, history)
          if (batch.gap) reader.missed()
          reader.delivered(batch.events, history)
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

function historyIn(events: readonly Event[]): number {
  const nowMs = now()
  // If the clock was set back before a restart, an earlier event has a time in the future.
  const firstNew = events.findIndex(({ at }) => at > nowMs - POLL_MS && at <= nowMs)
  return firstNew < 0 ? events.length : firstNew
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
