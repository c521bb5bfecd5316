/** A feed that counts who reads it, and that can publish at the very moment in which a program does not look. */
import { createFeed } from '../../../server/feed/feed.ts'
import type { Feed } from '../../../server/feed/feed.ts'
import type { Log } from '../../../server/feed/log.ts'
import type { Event } from '../../../server/protocol.ts'
import type { Reads } from './message.ts'

export interface Watched {
  readonly feed: Feed
  reads(room: string): Reads
  /** Calls `publish` once: when the program has found nothing new in this room and does not know it yet. */
  ambush(room: string, publish: () => Event): void
}

interface Room {
  asked: number
  followed: number
  following: number
  ambushed: Event | null
  ambush: (() => Event) | null
}

export function watch(log: Log): Watched {
  const inner = createFeed(log)
  const rooms = new Map<string, Room>()
  const roomOf = (name: string): Room => {
    const room = rooms.get(name) ?? { asked: 0, followed: 0, following: 0, ambushed: null, ambush: null }
    rooms.set(name, room)
    return room
  }

  const feed: Feed = {
    ...inner,
    async since(name, after, limit) {
      const room = roomOf(name)
      const answer = await inner.since(name, after, limit)
      room.asked += 1
      // A limit of 0 asks where reading begins, not whether there is anything.
      if (room.ambush && limit > 0 && after !== undefined && answer.events.length === 0) {
        room.ambushed = room.ambush()
        room.ambush = null
      }
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
      }
      const stop = inner.follow(name, after, deliver, (error) => {
        end()
        failed(error)
      })
      return () => {
        end()
        stop()
      }
    },
  }

  return {
    feed,
    reads(name) {
      const { asked, followed, following, ambushed } = roomOf(name)
      return { asked, followed, following, ambushed }
    },
    ambush(name, publish) {
      roomOf(name).ambush = publish
    },
  }
}
