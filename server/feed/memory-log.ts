import { now } from '../now.ts'
import type { Draft, Event } from '../protocol.ts'
import { cursorOf, newEpoch } from './cursor.ts'
import { RETENTION } from './log.ts'
import type { Appended, Extent, Log, Retention } from './log.ts'

interface Room {
  readonly events: Event[]
  readonly keys: Map<string, Event>
  readonly keyOf: Map<Event, string>
  last: number
}

/** A log that ends with the process: each start has a new epoch. */
export function memoryLog(retention: Retention = RETENTION): Log {
  const epoch = newEpoch()
  const rooms = new Map<string, Room>()
  const states = new Map<string, string>()
  const listeners = new Set<(room: string, events: readonly Event[]) => void>()

  return {
    epoch,
    async append(name, draft, key, state) {
      const room = rooms.get(name) ?? open(name)
      trim(room, retention)
      const earlier = key === undefined ? undefined : room.keys.get(key)
      if (earlier) return { event: earlier, repeated: true }
      const event = keep(room, epoch, name, draft, key)
      if (state === null) states.delete(name)
      else if (state !== undefined) states.set(name, state)
      trim(room, retention)
      for (const listener of listeners) listener(name, [event])
      return { event, repeated: false } satisfies Appended
    },
    async read(name, afterSeq, limit) {
      const room = rooms.get(name)
      if (!room) return []
      trim(room, retention)
      const from = Math.max(0, afterSeq - (room.last - room.events.length))
      return room.events.slice(from, from + limit)
    },
    async extent(name): Promise<Extent> {
      const room = rooms.get(name)
      if (!room) return { first: 1, last: 0 }
      trim(room, retention)
      return { first: room.last - room.events.length + 1, last: room.last }
    },
    states: {
      of: async (name) => ({ text: states.get(name) ?? null, last: rooms.get(name)?.last ?? 0 }),
      count: async () => states.size,
      async earlier(name, key) {
        const room = rooms.get(name)
        if (room) trim(room, retention)
        return room?.keys.get(key)
      },
    },
    onCommit(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      rooms.clear()
      states.clear()
      listeners.clear()
    },
  }

  function open(name: string): Room {
    const room: Room = { events: [], keys: new Map(), keyOf: new Map(), last: 0 }
    rooms.set(name, room)
    return room
  }
}

function keep(room: Room, epoch: string, name: string, draft: Draft, key: string | undefined): Event {
  room.last += 1
  const event: Event = { id: cursorOf(epoch, room.last), room: name, at: now(), ...draft }
  room.events.push(event)
  if (key !== undefined) {
    room.keys.set(key, event)
    room.keyOf.set(event, key)
  }
  return event
}

function trim(room: Room, { events, ageMs }: Retention): void {
  const oldestMs = now() - ageMs
  let drop = Math.max(0, room.events.length - events)
  while ((room.events[drop]?.at ?? Infinity) < oldestMs) drop += 1
  for (const event of room.events.splice(0, drop)) {
    const key = room.keyOf.get(event)
    if (key !== undefined) room.keys.delete(key)
    room.keyOf.delete(event)
  }
}
