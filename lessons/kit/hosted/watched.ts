/** Feed that counts its uses, and can publish a message between two steps of the program. */
import { createFeed } from '../../../server/feed/feed.ts'
import type { Feed } from '../../../server/feed/feed.ts'
import type { Log } from '../../../server/feed/log.ts'
import type { Event } from '../../../server/protocol/feed.ts'
import type { Reads } from './message.ts'

export interface Watched {
  readonly feed: Feed
  reads(room: string): Reads
  /** Calls `publish` once at the moment that the command describes. */
  publishDuringRead(room: string, use: number | null, publish: () => Event): void
  /** Holds back the results of all reads of this room until `resume`. */
  pause(room: string): void
  resume(room: string): void
  /** Ends every follower of this room as the feed does if it cannot read the log. */
  failFollowers(room: string): void
}

interface Room {
  asked: number
  followed: number
  following: number
  stoppedAgain: number
  publishedDuringRead: Event | null
  /** For each follower, the function that ends it as the feed does if it cannot read the log. */
  readonly failures: Set<() => void>
  /** Pause of the reads; null if they do not pause. */
  pause: PromiseWithResolvers<void> | null
  planned: { usesLeft: number | null; readonly publish: () => Event } | null
}

const newRoom = (): Room => ({
  asked: 0,
  followed: 0,
  following: 0,
  stoppedAgain: 0,
  publishedDuringRead: null,
  failures: new Set(),
  pause: null,
  planned: null,
})

export function watch(log: Log): Watched {
  const inner = createFeed(log)
  const rooms = new Map<string, Room>()
  const roomOf = (name: string): Room => {
    const room = rooms.get(name) ?? newRoom()
    rooms.set(name, room)
    return room
  }

  const used = (room: Room, foundNothing: boolean) => {
    const { planned } = room
    if (!planned) return
    if (planned.usesLeft !== null) planned.usesLeft -= 1
    if (planned.usesLeft === null ? !foundNothing : planned.usesLeft > 0) return
    room.planned = null
    room.publishedDuringRead = planned.publish()
  }

  const feed: Feed = {
    ...inner,
    get epoch() {
      return log.epoch
    },
    async since(name, after, limit) {
      const room = roomOf(name)
      const answer = await inner.since(name, after, limit)
      room.asked += 1
      // A limit of 0 asks for the position only, not for events.
      used(room, limit > 0 && after !== undefined && answer.events.length === 0)
      await room.pause?.promise
      return answer
    },
    follow(name, after, deliver, failed) {
      const room = roomOf(name)
      room.followed += 1
      room.following += 1
      let follows = true
      const end = () => {
        if (follows) room.following -= 1
        follows = false
        room.failures.delete(fail)
      }
      const stop = inner.follow(name, after, deliver, (error) => {
        end()
        failed(error)
      })
      const fail = () => {
        end()
        stop()
        // An error in `failed` ends the process, as with the real feed.
        queueMicrotask(() => failed(new Error('The log cannot be read.')))
      }
      room.failures.add(fail)
      used(room, false)
      return () => {
        if (!follows) room.stoppedAgain += 1
        end()
        stop()
      }
    },
  }

  return {
    feed,
    reads(name) {
      const { asked, followed, following, stoppedAgain, publishedDuringRead } = roomOf(name)
      return { asked, followed, following, stoppedAgain, publishedDuringRead }
    },
    publishDuringRead(name, use, publish) {
      const room = roomOf(name)
      room.publishedDuringRead = null
      room.planned = { usesLeft: use, publish }
    },
    pause(name) {
      roomOf(name).pause ??= Promise.withResolvers()
    },
    resume(name) {
      const room = roomOf(name)
      room.pause?.resolve()
      room.pause = null
    },
    failFollowers(name) {
      for (const fail of roomOf(name).failures) fail()
    },
  }
}
