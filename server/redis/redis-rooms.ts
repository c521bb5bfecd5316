/**
 * The rooms that this process watches in Redis. One connection waits for the entries of all watched rooms. Events also
 * come with the replies of scripts. Both ways lead to one position for each room, so every event is passed on once.
 */
import type { Event } from '../protocol/feed.ts'
import { cursorOf } from '../feed/cursor.ts'
import type { Watch } from '../feed/log.ts'
import type { RedisClient, RoomReply, ScriptName, StreamEntry } from './redis-client.ts'
import { keysOf } from './redis-scripts.ts'

export interface RoomListeners {
  committed(room: string, events: readonly Event[]): void
  /** The next events do not continue the events before, because the epoch has changed or events were skipped. */
  broke(room: string): void
}

export interface WatchedRooms {
  /** Runs a script. Passes on the events that come with the reply, before the promise resolves. */
  ask(script: ScriptName, room: string, args?: readonly (string | number)[]): Promise<RoomReply>
  watch(room: string): Watch
  /** Returns a sentence that says why this process gets no events. Returns null if it gets them. */
  trouble(): string | null
  /** Returns true if `committed` gets the events of this room, or will get those after the start of `watch`. */
  isWatched(room: string): boolean
  stop(): void
}

interface WatchedRoom {
  readonly name: string
  readonly ready: Promise<void>
  users: number
  linger: ReturnType<typeof setTimeout> | undefined
  /** Position of the last event that was passed on. Null until it is known. */
  at: Position | null
}

interface Position {
  readonly epoch: string
  readonly gen: number
  seq: number
}

/** Longest wait of one read. A half-open connection is noticed when its read takes longer. */
const BLOCK_MS = 5000

/** Number of entries that one read returns for each room. */
const READ_EVENTS = 500

/** Time for which a room without watchers is still read, so that the next poll does not begin to watch it again. */
const LINGER_MS = 30_000

/** Pause before a read is ended again. Redis may not have got the read yet when it gets the command that ends it. */
const UNBLOCK_AGAIN_MS = 5

/** Pause after a reply that was an error, for example because another program's script keeps Redis busy. */
const FAILED_MS = 100

const NOTHING = { gen: 0, seq: 0 }

export function watchRooms(redis: RedisClient, listeners: RoomListeners): WatchedRooms {
  const rooms = new Map<string, WatchedRoom>()
  /** `isIncomplete`: the read that is waiting does not include all watched rooms. */
  const reading = { isOn: false, isIncomplete: false, isStopped: false }
  const reader = redis.openReader(BLOCK_MS, () => void read())
  redis.onDoubt(() => {
    for (const { name, at } of rooms.values()) if (at) ask('look', name, [0, 0]).catch(() => {})
  })

  return {
    ask,
    watch(name) {
      const room = rooms.get(name) ?? begin(name)
      room.users += 1
      clearTimeout(room.linger)
      let isWatching = true
      return {
        ready: room.ready,
        stop() {
          if (!isWatching) return
          isWatching = false
          room.users -= 1
          if (room.users === 0) room.linger = setTimeout(() => forget(room), LINGER_MS).unref()
        },
      }
    },
    trouble: () => (rooms.size > 0 ? reader.trouble() : null),
    isWatched: (name) => rooms.has(name),
    stop() {
      reading.isStopped = true
      for (const room of rooms.values()) clearTimeout(room.linger)
      rooms.clear()
      reader.close()
    },
  }

  function begin(name: string): WatchedRoom {
    const room: WatchedRoom = { name, ready: locate(), users: 0, linger: undefined, at: null }
    rooms.set(name, room)
    // The caller may wait for `ready` later.
    room.ready.catch(() => forget(room))
    return room

    async function locate(): Promise<void> {
      const { epoch, gen, last } = await redis.run('look', name, NOTHING, [0, 0])
      room.at = { epoch, gen, seq: last }
      if (reading.isOn) endRead()
      else void read()
    }
  }

  function forget(room: WatchedRoom): void {
    clearTimeout(room.linger)
    if (rooms.get(room.name) === room) rooms.delete(room.name)
  }

  async function ask(script: ScriptName, name: string, args: readonly (string | number)[] = []): Promise<RoomReply> {
    const reply = await redis.run(script, name, rooms.get(name)?.at ?? NOTHING, args)
    const room = rooms.get(name)
    if (!room?.at) return reply
    take(room, room.at, reply)
    // The reader may already have passed on later events than this reply knows.
    return room.at.gen === reply.gen && room.at.seq > reply.last ? { ...reply, last: room.at.seq } : reply
  }

  function take(room: WatchedRoom, at: Position, { epoch, gen, last, news }: RoomReply): void {
    if (gen < at.gen) return
    if (gen === at.gen) pass(room, at, news)
    if (gen === at.gen && at.seq >= last) return
    room.at = { epoch, gen, seq: last }
    listeners.broke(room.name)
  }

  /** Passes on the entries after the room's position. Stops at a hole. */
  function pass(room: WatchedRoom, at: Position, entries: readonly StreamEntry[]): void {
    const events: Event[] = []
    for (const entry of entries) {
      const seq = seqOf(entry)
      if (seq === at.seq + events.length + 1) events.push(eventOf(room.name, at.epoch, entry))
    }
    if (events.length === 0) return
    at.seq += events.length
    listeners.committed(room.name, events)
  }

  /** Reads until the connection ends. */
  async function read(): Promise<void> {
    if (reading.isOn) return
    reading.isOn = true
    try {
      while (!reading.isStopped && reader.isReady) {
        const located = [...rooms.values()].flatMap((room) => (room.at ? [{ room, at: room.at }] : []))
        if (located.length === 0) return
        reading.isIncomplete = false
        const byKey = new Map(located.map((one) => [keysOf(one.room.name)[1], one]))
        const ids = located.map(({ at }) => `${at.gen}-${at.seq}`)
        for (const [key, entries] of (await reader.read([...byKey.keys()], ids, READ_EVENTS)) ?? []) {
          const one = byKey.get(key)
          if (one) await receive(one.room, entries)
        }
      }
    } catch {
      // If the connection has ended, reading continues with the next connection.
      if (reader.isReady) setTimeout(() => void read(), FAILED_MS).unref()
    } finally {
      reading.isOn = false
    }
  }

  async function receive(room: WatchedRoom, entries: readonly StreamEntry[]): Promise<void> {
    const { at } = room
    const last = entries.at(-1)
    if (!at || !last || rooms.get(room.name) !== room) return
    if (entries.every((entry) => genOf(entry) === at.gen)) pass(room, at, entries)
    // A new epoch has begun, or entries before these ones are no longer kept.
    if (genOf(last) > at.gen || seqOf(last) > at.seq) await ask('look', room.name, [0, 0])
  }

  function endRead(): void {
    if (reading.isIncomplete) return
    reading.isIncomplete = true
    void unblock()
  }

  async function unblock(): Promise<void> {
    while (reading.isOn && reading.isIncomplete && !reading.isStopped && reader.isReady) {
      if (await reader.unblock().catch(() => false)) return
      await new Promise((resolve) => setTimeout(resolve, UNBLOCK_AGAIN_MS))
    }
  }
}

const genOf = ([id]: StreamEntry): number => Number(id.split('-')[0])

export const seqOf = ([id]: StreamEntry): number => Number(id.split('-')[1])

/** Builds an event from an entry. Only its content is stored, because a new epoch changes the ids of events. */
export const eventOf = (room: string, epoch: string, [id, [, json = '']]: StreamEntry): Event => ({
  id: cursorOf(epoch, seqOf([id, []])),
  room,
  ...JSON.parse(json),
})
