/**
 * Presence: the people in each room, and which of them are typing. This module knows neither HTTP nor transports.
 *
 * A person is present through one or more clients; a client is a tab or a program. A client is present while it has an
 * open stream, WebSocket or held poll, and for `goneMs` after its last connection has ended. So a reconnect, a switch
 * of transport, or the pause between two polls does not count as leaving. A crashed client disappears after `goneMs`. A
 * client that says goodbye disappears when its last connection closes.
 *
 * Presence is a state of the room, not an event of the feed, and the server does not store it. After each change, every
 * watcher gets the room's whole state, so a watcher that missed changes needs only the latest state. After a restart of
 * the server, the clients reconnect and enter again.
 */
import type { Person, RoomPresence } from '../protocol/feed.ts'

export interface Presence {
  /**
   * Notes that a client starts to read in a room. Returns a function that notes the end of reading; only the first call
   * of this function has an effect. For a polling client, every poll starts and ends the reading. If too many clients
   * are present, a new client does not become present.
   */
  enter(room: string, person: Person): () => void
  /**
   * Says goodbye for a client: the client disappears when its last connection closes, without the wait of `goneMs`. A
   * client with an open connection stays, so that nobody can remove another person. A later `enter` for the client
   * cancels the goodbye.
   */
  leave(room: string, person: Person): void
  /**
   * Notes that a person types (`on`) or has stopped typing. Typing ends by itself after `typingMs`. For a person who is
   * not present, the call has no effect.
   */
  typing(room: string, person: Person, on: boolean): void
  /**
   * Returns the state of a room that the watchers got last. All calls before the next change return the same object, so
   * that a caller can encode the object once for all readers.
   */
  of(room: string): RoomPresence
  /**
   * Calls `tell` with the room's state: at once if the state's version differs from `known`, and after each change. If
   * `tell` returns a promise, the watcher gets no state until the promise resolves, and then gets the latest state.
   * Returns a function that ends the calls of `tell`.
   */
  watch(room: string, known: string | undefined, tell: Tell): () => void
  /** Removes all people, watchers and timers, without a call of `tell`. */
  stop(): void
}

export type Tell = (state: RoomPresence) => Promise<void> | void

export interface PresenceTimes {
  /**
   * Time for which a client stays present after its last connection has closed. `goneMs` is longer than any pause of a
   * client between two attempts to reconnect.
   */
  readonly goneMs: number
  readonly typingMs: number
  /** Shortest time between two states that watchers of a room get. All changes within `tellMs` become one state. */
  readonly tellMs: number
}

export const PRESENCE_TIMES: PresenceTimes = { goneMs: 20_000, typingMs: 5000, tellMs: 200 }

/**
 * Time that the server adds to `tellMs` for each person in the room. Each person makes the state longer and adds a
 * reader of the state. With 200 people, a room sends at most one state every 1.2 s.
 */
const TELL_MS_PER_PERSON = 5

/**
 * Maximum number of present clients in all rooms. One more client replaces the client whose last connection closed
 * longest ago. If all present clients are connected, a new client does not become present, but can still read.
 */
const MOST_CLIENTS = 5000

/** Limits of a room's state. The state must fit as JSON into a WebSocket frame with a 16-bit length. */
const MOST_PEOPLE = 200
const MOST_BYTES = 48 * 1024
const MOST_TYPING = 10

interface Client {
  /** Number of open streams and held polls. */
  open: number
  /** True after a goodbye: the client then disappears when its last connection closes. */
  isLeaving: boolean
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

/** A room that has at least one person or watcher. */
interface Room {
  /** People in the order in which they came. */
  readonly people: Map<string, Here>
  readonly watchers: Set<Watcher>
  state: RoomPresence
  sentAtMs: number
  telling: ReturnType<typeof setTimeout> | undefined
}

/** Creates the presence of all rooms. `mostClients`: the maximum number of clients in all rooms together. */
export function createPresence(times: Partial<PresenceTimes> = {}, mostClients = MOST_CLIENTS): Presence {
  const { goneMs, typingMs, tellMs }: PresenceTimes = { ...PRESENCE_TIMES, ...times }
  const rooms = new Map<string, Room>()
  /** Random prefix of every version in this process. After a restart, no version equals an earlier version. */
  const life = Math.random().toString(36).slice(2, 10)
  let tellings = 0
  let clients = 0
  /**
   * Each present client without a connection, and a function that removes the client. The client whose last connection
   * closed longest ago is the first.
   */
  const away = new Map<Client, () => void>()

  return {
    enter(name, person) {
      const room = roomOf(name)
      const client = clientOf(name, room, person)
      if (!client) return () => {}
      client.open += 1
      client.isLeaving = false
      clearTimeout(client.gone)
      client.gone = undefined
      away.delete(client)
      let isOpen = true
      return () => {
        if (!isOpen) return
        isOpen = false
        client.open -= 1
        if (client.open > 0) return
        if (client.isLeaving) return drop(name, room, person)
        client.gone = setTimeout(() => drop(name, room, person), goneMs).unref()
        away.set(client, () => drop(name, room, person))
      }
    },
    leave(name, person) {
      const room = rooms.get(name)
      const client = room?.people.get(person.userId)?.clients.get(person.client)
      if (!room || !client) return
      if (client.open === 0) drop(name, room, person)
      else client.isLeaving = true
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
      away.clear()
      clients = 0
    },
  }

  function clientOf(name: string, room: Room, person: Person): Client | null {
    const here = room.people.get(person.userId)
    const known = here?.clients.get(person.client)
    if (!known && clients >= mostClients) {
      const [removeLongestAway] = away.values()
      removeLongestAway?.()
    }
    if (!known && clients >= mostClients) {
      forget(name, room)
      return null
    }
    const client: Client = known ?? { open: 0, isLeaving: false, gone: undefined }
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
    away.delete(client)
    here.clients.delete(id)
    clients -= 1
    if (here.clients.size === 0) {
      clearTimeout(here.typing)
      room.people.delete(userId)
    }
    changed(name, room)
    forget(name, room)
  }

  /**
   * Sends the first change at once. Sends later changes together, when the shortest time between two states is over.
   */
  function changed(name: string, room: Room): void {
    if (room.telling) return
    const everyMs = tellMs + room.people.size * TELL_MS_PER_PERSON
    const waitMs = room.sentAtMs + everyMs - performance.now()
    if (waitMs <= 0) return tellWatchers(name, room)
    room.telling = setTimeout(() => {
      room.telling = undefined
      tellWatchers(name, room)
    }, waitMs).unref()
  }

  function tellWatchers(name: string, room: Room): void {
    const state = stateOf(name, room)
    // If a person left and came back since the last state, the state has not changed.
    if (JSON.stringify({ ...state, version: room.state.version }) === JSON.stringify(room.state)) return
    tellings += 1
    room.sentAtMs = performance.now()
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
      sentAtMs: -Infinity,
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
    const person = { userId, name, tabs: clients.size }
    bytes += Buffer.byteLength(JSON.stringify(person))
    if (here.length < MOST_PEOPLE && bytes <= MOST_BYTES) here.push(person)
    if (isTyping && typing.length < MOST_TYPING) typing.push(userId)
  }
  return { type: 'presence', room: name, people: people.size, here, typing }
}
