/**
 * Presence for the pages of the lab, over its own WebSocket and over no lane: on each of four lanes
 * the same would cross four times, and the bytes of a lane are to be those of the feed.
 */
import type { WebSocket } from 'ws'
import type { Presence } from '../feed/presence.ts'
import type { Person, RoomPresence } from '../protocol.ts'

export interface Visitors {
  /** The page says whose it is, or how they are called now; from then on it is told who else is here. */
  here(page: WebSocket, room: string, person: Person): void
  /** Of a page that has not said whose it is nothing is told. */
  typing(page: WebSocket, room: string, on: boolean): void
}

export function createVisitors(presence: Presence, tell: (page: WebSocket, state: RoomPresence) => void): Visitors {
  const known = new WeakMap<WebSocket, { person: Person; leave: () => void }>()

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
