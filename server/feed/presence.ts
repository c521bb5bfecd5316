/**
 * Who is in which room, and who is typing there. It knows neither HTTP nor any transport.
 *
 * A person is here by one or more clients (a tab, a program), and a client for as long as it reads:
 * while a stream, a WebSocket or a held poll of it is open, and `goneMs` beyond, so that a
 * reconnect, a switch of transport and the pause between two polls are no leaving. Who crashes is
 * gone when that time is over, who says goodbye at once.
 *
 * All of it is state and no event: it is kept nowhere, every change is told as the room's whole
 * state, and whoever missed some is told the latest. After a restart it comes back by its own.
 */
import type { Person, RoomPresence } from '../protocol.ts'

export interface Presence {
  /**
   * This client reads in the room from now on. Answers what ends that, once; a client that polls
   * ends it at once and enters anew with each poll. Where too many are here, it is not counted.
   */
  enter(room: string, person: Person): () => void
  /** This client is gone at once, whatever it still has open. It is back as soon as it enters again. */
  leave(room: string, person: Person): void
  /** Typing ends by itself, `typingMs` after it was last said. Of one who is not here nothing is told. */
  typing(room: string, person: Person, on: boolean): void
  /** As it was last told. The same object until the next telling, so that bytes are made of it once. */
  of(room: string): RoomPresence
  /**
   * Tells the state, at once if its version is another than the known one, and after each change. A
   * promise that `tell` returns holds this one back until it resolves; then it is told the latest.
   */
  watch(room: string, known: string | undefined, tell: Tell): () => void
  /** Forgets everybody, and leaves no timer. Nobody is told. */
  stop(): void
}

export type Tell = (state: RoomPresence) => Promise<void> | void

export interface PresenceTimes {
  /** So long a client counts as here that reads no more. Longer than any pause between two tries to reconnect. */
  readonly goneMs: number
  readonly typingMs: number
  /** Between two tellings of a room: changes within it are told together. */
  readonly tellMs: number
}

export const PRESENCE_TIMES: PresenceTimes = { goneMs: 20_000, typingMs: 5000, tellMs: 200 }

/** Each further person makes the state longer and its readers more, so that it is told less often: 200 hear of changes once in 1.2 s. */
const TELL_MS_PER_PERSON = 5

/** Clients in all rooms. Beyond it nobody new is counted, and everybody reads as before. */
const MOST_CLIENTS = 5000

/** What is told of a room: so many people, and no more text than fits a WebSocket frame with a 16-bit length. */
const MOST_TOLD = 200
const MOST_BYTES = 48 * 1024
const MOST_TYPING = 10

interface Client {
  /** Streams and held polls that are open. */
  open: number
  gone: ReturnType<typeof setTimeout> | undefined
}

interface Here {
  name: string
  readonly clients: Map<string, Client>
  typing: ReturnType<typeof setTimeout> | undefined
}

interface Watcher {
  known: string | undefined
  held: boolean
  stopped: boolean
  readonly tell: Tell
}

/** Forgotten when nobody is in it and nobody watches it. */
interface Room {
  /** In the order in which they came. */
  readonly people: Map<string, Here>
  readonly watchers: Set<Watcher>
  state: RoomPresence
  toldAtMs: number
  telling: ReturnType<typeof setTimeout> | undefined
}

export function createPresence(times: Partial<PresenceTimes> = {}): Presence {
  const { goneMs, typingMs, tellMs }: PresenceTimes = { ...PRESENCE_TIMES, ...times }
  const rooms = new Map<string, Room>()
  /** Of this process: after a restart no version is one that a client has. */
  const life = Math.random().toString(36).slice(2, 10)
  let tellings = 0
  let clients = 0

  return {
    enter(name, person) {
      const room = roomOf(name)
      const client = clientOf(name, room, person)
      if (!client) return () => {}
      client.open += 1
      clearTimeout(client.gone)
      client.gone = undefined
      let isOpen = true
      return () => {
        if (!isOpen) return
        isOpen = false
        client.open -= 1
        // One that has said goodbye meanwhile is not waited for.
        if (client.open === 0 && room.people.get(person.userId)?.clients.get(person.client) === client)
          client.gone = setTimeout(() => drop(name, room, person), goneMs).unref()
      }
    },
    leave(name, person) {
      const room = rooms.get(name)
      if (room) drop(name, room, person)
    },
    typing(name, { userId }, on) {
      const room = rooms.get(name)
      const here = room?.people.get(userId)
      if (!room || !here) return
      clearTimeout(here.typing)
      here.typing = undefined
      const end = () => {
        here.typing = undefined
        changed(name, room)
      }
      if (on) here.typing = setTimeout(end, typingMs).unref()
      changed(name, room)
    },
    of: (name) => rooms.get(name)?.state ?? nobody(name),
    watch(name, known, tell) {
      const room = roomOf(name)
      const watcher: Watcher = { known, held: false, stopped: false, tell }
      room.watchers.add(watcher)
      hand(room, watcher)
      return () => {
        watcher.stopped = true
        room.watchers.delete(watcher)
        forget(name, room)
      }
    },
    stop() {
      for (const room of rooms.values()) {
        clearTimeout(room.telling)
        room.watchers.clear()
        for (const here of room.people.values()) {
          clearTimeout(here.typing)
          for (const { gone } of here.clients.values()) clearTimeout(gone)
        }
        room.people.clear()
      }
      rooms.clear()
      clients = 0
    },
  }

  function clientOf(name: string, room: Room, person: Person): Client | null {
    const here = room.people.get(person.userId)
    const known = here?.clients.get(person.client)
    if (!known && clients >= MOST_CLIENTS) {
      forget(name, room)
      return null
    }
    const client: Client = known ?? { open: 0, gone: undefined }
    if (known && here?.name === person.name) return client
    if (!known) clients += 1
    if (here) {
      here.name = person.name
      here.clients.set(person.client, client)
    } else {
      const only = new Map([[person.client, client]])
      room.people.set(person.userId, { name: person.name, clients: only, typing: undefined })
    }
    changed(name, room)
    return client
  }

  function drop(name: string, room: Room, { userId, client: id }: Person): void {
    const here = room.people.get(userId)
    const client = here?.clients.get(id)
    if (!here || !client) return
    clearTimeout(client.gone)
    here.clients.delete(id)
    clients -= 1
    if (here.clients.size === 0) {
      clearTimeout(here.typing)
      room.people.delete(userId)
    }
    changed(name, room)
    forget(name, room)
  }

  /** The first change is told at once, and those that follow closely together. */
  function changed(name: string, room: Room): void {
    if (room.telling) return
    const everyMs = tellMs + room.people.size * TELL_MS_PER_PERSON
    const waitMs = room.toldAtMs + everyMs - performance.now()
    if (waitMs <= 0) return told(name, room)
    room.telling = setTimeout(() => {
      room.telling = undefined
      told(name, room)
    }, waitMs).unref()
  }

  function told(name: string, room: Room): void {
    const state = stateOf(name, room)
    // Who left and came back meanwhile has not been away.
    if (JSON.stringify({ ...state, version: room.state.version }) === JSON.stringify(room.state)) return
    tellings += 1
    room.toldAtMs = performance.now()
    room.state = { ...state, version: `${life}.${tellings}` }
    for (const watcher of room.watchers) hand(room, watcher)
  }

  function hand(room: Room, watcher: Watcher): void {
    if (watcher.stopped || watcher.held || watcher.known === room.state.version) return
    watcher.known = room.state.version
    const held = watcher.tell(room.state)
    if (!held) return
    watcher.held = true
    held.then(
      () => {
        watcher.held = false
        hand(room, watcher)
      },
      () => (watcher.stopped = true),
    )
  }

  function roomOf(name: string): Room {
    const room = rooms.get(name) ?? {
      people: new Map(),
      watchers: new Set(),
      state: nobody(name),
      toldAtMs: -Infinity,
      telling: undefined,
    }
    rooms.set(name, room)
    return room
  }

  function forget(name: string, room: Room): void {
    if (room.people.size > 0 || room.watchers.size > 0) return
    clearTimeout(room.telling)
    if (rooms.get(name) === room) rooms.delete(name)
  }

  function nobody(room: string): RoomPresence {
    return { type: 'presence', room, people: 0, here: [], typing: [], version: `${life}.0` }
  }
}

function stateOf(name: string, { people }: Room): Omit<RoomPresence, 'version'> {
  const here: RoomPresence['here'][number][] = []
  const typing: string[] = []
  let bytes = 0
  for (const [userId, { name, clients, typing: isTyping }] of people) {
    const one = { userId, name, tabs: clients.size }
    bytes += Buffer.byteLength(JSON.stringify(one))
    if (here.length < MOST_TOLD && bytes <= MOST_BYTES) here.push(one)
    if (isTyping && typing.length < MOST_TYPING) typing.push(userId)
  }
  return { type: 'presence', room: name, people: people.size, here, typing }
}
