/** An event log in memory. It accepts events that already have a time and an id, so a check can choose both. */
import { cursorOf } from '../../../server/feed/cursor.ts'
import type { Log } from '../../../server/feed/log.ts'
import { now } from '../../../server/now.ts'
import type { Draft, Event } from '../../../server/protocol/feed.ts'

export interface OpenLog extends Log {
  /** Appends events in one commit; their ids must continue after the room's last one. */
  put(room: string, events: readonly Event[]): void
  /** Returns the next events without appending them. All have the time `atMs`; without it, they are 1 ms apart. */
  make(room: string, drafts: readonly Draft[], atMs?: number): readonly Event[]
  /** Drops all events except the last `keep`. */
  forget(room: string, keep: number): void
  /** Gives ids of this epoch to the events from now on. Only for rooms without events, because a log has one epoch. */
  setEpoch(epoch: string): void
  /** Sets the sequence number of the room's last event. Events with lower numbers count as dropped. */
  begin(room: string, lastSeq: number): void
}

interface Room {
  events: readonly Event[]
  lastSeq: number
  readonly keys: Map<string, Event>
}

export function openLog(firstEpoch: string): OpenLog {
  let epoch = firstEpoch
  const rooms = new Map<string, Room>()
  const listeners = new Set<(room: string, events: readonly Event[]) => void>()

  const roomOf = (name: string): Room => {
    const room = rooms.get(name) ?? { events: [], lastSeq: 0, keys: new Map() }
    rooms.set(name, room)
    return room
  }
  const extentOf = ({ events, lastSeq }: Room) => ({ first: lastSeq - events.length + 1, last: lastSeq })

  const log: OpenLog = {
    get epoch() {
      return epoch
    },
    async append(name, draft, key) {
      const { keys } = roomOf(name)
      // Two users may choose the same key, so the map's key contains the user too.
      const own = JSON.stringify([draft.user, key])
      const earlier = key === undefined ? undefined : keys.get(own)
      if (earlier) return { event: earlier, repeated: true }
      const [event] = log.make(name, [draft])
      if (!event) throw new Error('No event was made.')
      if (key !== undefined) keys.set(own, event)
      log.put(name, [event])
      return { event, repeated: false }
    },
    async read(name, afterSeq, limit) {
      const room = roomOf(name)
      const from = Math.max(0, afterSeq - (extentOf(room).first - 1))
      return room.events.slice(from, from + limit)
    },
    extent: async (name) => extentOf(roomOf(name)),
    onCommit(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      listeners.clear()
    },
    put(name, events) {
      const room = roomOf(name)
      room.events = [...room.events, ...events]
      room.lastSeq += events.length
      for (const listener of listeners) listener(name, events)
    },
    make(name, drafts, atMs) {
      const { lastSeq } = roomOf(name)
      const beganMs = now()
      return drafts.map((draft, i) => {
        return { id: cursorOf(epoch, lastSeq + 1 + i), room: name, at: atMs ?? beganMs + i, ...draft }
      })
    },
    forget(name, keep) {
      const room = roomOf(name)
      room.events = room.events.slice(room.events.length - Math.min(keep, room.events.length))
    },
    setEpoch(next) {
      epoch = next
    },
    begin(name, lastSeq) {
      roomOf(name).lastSeq = lastSeq
    },
  }
  return log
}
