import { now } from '../now.ts'
import type { Event } from '../protocol/feed.ts'
import { collectAppends } from './appends.ts'
import type { AppendResult, WaitingAppend } from './appends.ts'
import { cursorOf, newEpoch } from './cursor.ts'
import { KeyReused, fingerprintOf } from './keys.ts'
import { RETENTION, STATE_AGE_MS, removed } from './log.ts'
import type { Extent, Log, Retention } from './log.ts'

interface Room {
  readonly events: Event[]
  readonly keyed: Map<string, Keyed>
  readonly keyOf: Map<Event, string>
  last: number
}

interface Keyed {
  readonly event: Event
  readonly fingerprint: string
}

/** Creates a log in memory. The log is lost when the process ends, so each start of the process has a new epoch. */
export function memoryLog(retention: Retention = RETENTION): Log {
  const epoch = newEpoch()
  const rooms = new Map<string, Room>()
  /** Each room with its state. The state that was changed longest ago is the first. */
  const states = new Map<string, { readonly text: string; readonly at: number }>()
  const { append, onCommit, commit, close } = collectAppends(write)

  return {
    epoch,
    append,
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
    async clear(name) {
      // Commit the waiting appends first, because callers made these appends before this call.
      commit()
      states.delete(name)
      const room = rooms.get(name)
      if (room) trim(room, { events: 0, ageMs: Infinity })
    },
    states: {
      async remove(name, isRemoved) {
        // Commit the waiting appends first, because this call may have to remove their events too.
        commit()
        const room = rooms.get(name)
        let count = 0
        for (const [i, event] of (room?.events ?? []).entries()) {
          if (!room || !isRemoved(event)) continue
          const rest = removed(event)
          room.events[i] = rest
          count += 1
          const key = room.keyOf.get(event)
          if (key === undefined) continue
          room.keyOf.delete(event)
          room.keyOf.set(rest, key)
          const keyed = room.keyed.get(key)
          if (keyed) room.keyed.set(key, { ...keyed, event: rest })
        }
        return count
      },
      async get(name) {
        forgetOldStates()
        return { text: states.get(name)?.text ?? null, last: rooms.get(name)?.last ?? 0 }
      },
      async count() {
        forgetOldStates()
        return states.size
      },
      async list() {
        forgetOldStates()
        return Array.from(states, ([room, { text, at }]) => ({ room, bytes: Buffer.byteLength(text), at }))
      },
      async earlier(name, user, key, asked) {
        const room = rooms.get(name)
        if (!room) return undefined
        trim(room, retention)
        const found = find(room, user, key, asked)
        if (found instanceof KeyReused) throw found
        return found
      },
    },
    onCommit,
    async close() {
      close()
      rooms.clear()
      states.clear()
    },
  }

  function write(group: readonly WaitingAppend[]): readonly AppendResult[] {
    const written = new Set(group.map(({ room }) => rooms.get(room) ?? open(room)))
    for (const room of written) trim(room, retention)
    const results = group.map(insert)
    for (const room of written) trim(room, retention)
    return results
  }

  function insert({ room: name, draft, at, key, state, asked }: WaitingAppend): AppendResult {
    const room = rooms.get(name) ?? open(name)
    const earlier = key === undefined ? undefined : find(room, draft.user, key, asked)
    if (earlier instanceof KeyReused) return earlier
    if (earlier) return { event: earlier, repeated: true }
    room.last += 1
    const event: Event = { id: cursorOf(epoch, room.last), room: name, at, ...draft }
    room.events.push(event)
    if (key !== undefined) claim(room, event, key, asked)
    if (state !== undefined) states.delete(name)
    if (typeof state === 'string') states.set(name, { text: state, at })
    return { event, repeated: false }
  }

  function forgetOldStates(): void {
    const oldestMs = now() - (retention.stateAgeMs ?? STATE_AGE_MS)
    for (const [name, { at }] of states) {
      if (at >= oldestMs) return
      states.delete(name)
    }
  }

  function open(name: string): Room {
    const room: Room = { events: [], keyed: new Map(), keyOf: new Map(), last: 0 }
    rooms.set(name, room)
    return room
  }
}

function find({ keyed }: Room, user: string | undefined, key: string, asked: object): Event | KeyReused | undefined {
  const earlier = keyed.get(ownKey(user, key))
  if (earlier && earlier.fingerprint !== fingerprintOf(asked)) return new KeyReused(key, user)
  return earlier?.event
}

function claim({ keyed, keyOf }: Room, event: Event, key: string, asked: object): void {
  const own = ownKey(event.user, key)
  keyed.set(own, { event, fingerprint: fingerprintOf(asked) })
  keyOf.set(event, own)
}

const ownKey = (user: string | undefined, key: string): string => JSON.stringify([user, key])

function trim(room: Room, { events, ageMs }: Retention): void {
  const oldestMs = now() - ageMs
  let drop = Math.max(0, room.events.length - events)
  while ((room.events[drop]?.at ?? Infinity) < oldestMs) drop += 1
  for (const event of room.events.splice(0, drop)) {
    const key = room.keyOf.get(event)
    if (key !== undefined) room.keyed.delete(key)
    room.keyOf.delete(event)
  }
}
