/** A feed that counts who reads it, and that can publish at the very moment in which a program does not look. */
import { createFeed } from '../../../server/feed/feed.ts'
import type { Feed } from '../../../server/feed/feed.ts'
import type { Log } from '../../../server/feed/log.ts'
import type { Event } from '../../../server/protocol.ts'
import type { Reads } from './message.ts'

export interface Watched {
  readonly feed: Feed
  reads(room: string): Reads
  /** Calls `publish` once, as `Command` says. */
  ambush(room: string, use: number | null, publish: () => Event): void
}

interface Room {
  asked: number
  followed: number
  following: number
  ambushed: Event | null
  ambush: { usesLeft: number | null; readonly publish: () => Event } | null
}

export function watch(log: Log): Watched {
  const inner = createFeed(log)
  const rooms = new Map<string, Room>()
  const roomOf = (name: string): Room => {
    const room = rooms.get(name) ?? { asked: 0, followed: 0, following: 0, ambushed: null, ambush: null }
    rooms.set(name, room)
    return room
  }

  const used = (room: Room, foundNothing: boolean) => {
    const { ambush } = room
    if (!ambush) return
    if (ambush.usesLeft !== null) ambush.usesLeft -= 1
    if (ambush.usesLeft === null ? !foundNothing : ambush.usesLeft > 0) return
    room.ambush = null
    room.ambushed = ambush.publish()
  }

  const feed: Feed = {
    ...inner,
    async since(name, after, limit) {
      const room = roomOf(name)
      const answer = await inner.since(name, after, limit)
      room.asked += 1
      // A limit of 0 asks where reading begins, not whether there is anything.
      used(room, limit > 0 && after !== undefined && answer.events.length === 0)
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
      used(room, false)
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
    ambush(name, use, publish) {
      const room = roomOf(name)
      room.ambushed = null
      room.ambush = { usesLeft: use, publish }
    },
  }
}
