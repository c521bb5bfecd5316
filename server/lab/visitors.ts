/**
 * Sends the presence of each room to the pages in the room, over the lab's connection. Over the lanes, the server would
 * send the same presence once for each lane, and the bytes of the presence would count as bytes of the feed.
 */
import type { Presence } from '../feed/presence.ts'
import type { Person, RoomPresence } from '../protocol/feed.ts'
import type { LabPage } from './page.ts'

export interface Visitors {
  /**
   * Notes the person who uses a page, or the new name of this person. After the first call of `here` for a page, the
   * page gets the presence of its room.
   */
  here(page: LabPage, room: string, person: Person): void
  /**
   * Notes that the person who uses a page is typing or has stopped typing. Does nothing if `here` was never called for
   * the page.
   */
  typing(page: LabPage, room: string, on: boolean): void
}

export function createVisitors(presence: Presence, tell: (page: LabPage, state: RoomPresence) => void): Visitors {
  const known = new WeakMap<LabPage, { person: Person; leave: () => void }>()

  return {
    here(page, room, person) {
      if (page.readyState !== page.OPEN) return
      const before = known.get(page)
      const leave = presence.enter(room, person)
      known.set(page, { person, leave })
      before?.leave()
      if (before && before.person.userId !== person.userId) presence.leave(room, before.person)
      if (before) return
      const stop = presence.watch(room, undefined, (state) => tell(page, state))
      page.once('close', () => {
        stop()
        known.get(page)?.leave()
      })
    },
    typing(page, room, on) {
      const visitor = known.get(page)
      if (visitor) presence.typing(room, visitor.person, on)
    },
  }
}
