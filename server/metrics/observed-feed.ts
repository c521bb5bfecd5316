/**
 * Observes a feed from outside. Neither the feed nor a transport knows the observer. So the metrics of a new transport
 * need no code in the transport.
 */
import type { Feed } from '../feed/feed.ts'
import { LogUnavailable } from '../feed/log.ts'
import { now } from '../now.ts'
import type { Event } from '../protocol/feed.ts'

export interface Reader {
  /**
   * The observed feed calls `arrived` when a stream or a held poll starts to follow a room. At the end of the stream or
   * poll, the observed feed calls the returned function.
   */
  arrived(): () => void
  /**
   * The observed feed calls `delivered` with the events that a transport has received for a client. The log had
   * committed the first `history` events before the client came, so the age of these events is not a delay.
   */
  delivered(events: readonly Event[], history: number): void
  /** The observed feed calls `missed` when a client has received a gap. */
  missed(): void
  /** The observed feed calls `failed` when an error has stopped a follower. The follower's client must reconnect. */
  failed(error: unknown): void
}

/**
 * Age limit for the events of a poll. For a younger event, the event's age counts as its delay. An older event counts
 * as history. The limit gives only an estimate, because a poll does not show when its client came.
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
  // If somebody set the clock back before a restart, an event from before the restart has a time in the future.
  const firstNew = events.findIndex(({ at }) => at > nowMs - POLL_MS && at <= nowMs)
  return firstNew < 0 ? events.length : firstNew
}

export interface Writer {
  published(result: 'accepted' | 'repeated'): void
  /** The observed feed calls `refused` when the log has refused a publish. */
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
