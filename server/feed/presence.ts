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
 *
 * Processes that share a Redis tell each other which clients are present at each of them, so every process has the same
 * list. A client that hops between processes is one client. If a process ends, its clients stay present for `goneMs`.
 */
import { now } from '../now.ts'
import type { Peers } from '../peers/peers.ts'
import { createPeerTable } from '../peers/table.ts'
import type { Person } from '../protocol/feed.ts'
import { summaryOf } from './present-people.ts'
import type { PresentClient, Here, OwnStay, Stay } from './present-people.ts'
import { createRooms } from './present-rooms.ts'
import type { PresentRoom, PresentStates } from './present-rooms.ts'

export interface Presence extends PresentStates {
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
  /** Removes all people, watchers and timers, without a call of `tell`. */
  stop(): void
}

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
 * Maximum number of present clients in all rooms. One more client replaces the client whose last connection closed
 * longest ago. If all present clients are connected, a new client does not become present, but can still read.
 */
const MOST_CLIENTS = 5000

/** Fraction of `typingMs` after which the other processes get the message again that a person types. */
const TYPING_AGAIN = 0.2

/**
 * Creates the presence of all rooms. `mostClients`: the maximum number of clients in all rooms and processes together.
 * `peers`: the other processes that share the presence with this one.
 */
export function createPresence(
  times: Partial<PresenceTimes> = {},
  mostClients = MOST_CLIENTS,
  peers?: Peers,
): Presence {
  const { goneMs, typingMs, tellMs }: PresenceTimes = { ...PRESENCE_TIMES, ...times }
  const rooms = createRooms(tellMs, peers?.own)
  let clients = 0
  /**
   * Each client that is at this process without a connection, and a function that removes the client. The client whose
   * last connection closed longest ago is the first.
   */
  const away = new Map<OwnStay, () => void>()
  const shared =
    peers &&
    createPeerTable<SharedStay>(peers, 'presence', { everyMs: tellMs, keepMs: goneMs, changed: changedElsewhere })
  peers?.on(LEAVE, (message) => leave(...(message as [room: string, userId: string, client: string])))
  peers?.on(TYPING, (message) => type(...(message as [room: string, userId: string, on: boolean])))

  return {
    enter(name, person) {
      const own = ownStayOf(name, person)
      if (!own) return () => {}
      own.open += 1
      own.isLeaving = false
      clearTimeout(own.gone)
      own.gone = undefined
      away.delete(own)
      let isOpen = true
      return () => {
        if (!isOpen) return
        isOpen = false
        own.open -= 1
        if (own.open > 0) return
        if (own.isLeaving) return drop(name, person)
        own.gone = setTimeout(() => drop(name, person), goneMs).unref()
        away.set(own, () => drop(name, person))
      }
    },
    leave(name, { userId, client }) {
      leave(name, userId, client)
      peers?.tell(LEAVE, [name, userId, client])
    },
    typing(name, { userId }, on) {
      const here = type(name, userId, on)
      if (!peers || !here) return
      const nowMs = performance.now()
      if (on && nowMs - here.typingToldMs < typingMs * TYPING_AGAIN) return
      here.typingToldMs = on ? nowMs : -Infinity
      peers.tell(TYPING, [name, userId, on])
    },
    of: rooms.of,
    isKnown: rooms.isKnown,
    isOutdated: rooms.isOutdated,
    watch: rooms.watch,
    stop() {
      shared?.stop()
      rooms.stop()
      away.clear()
      clients = 0
    },
  }

  /** Returns the stay of a client at this process. Begins the stay if necessary; returns null if it cannot begin. */
  function ownStayOf(name: string, { userId, client: id, name: personName }: Person): OwnStay | null {
    const client = rooms.get(name)?.people.get(userId)?.clients.get(id)
    if (client?.own && isNamed(client, personName)) return client.own
    if (!client && clients >= mostClients) {
      const [removeLongestAway] = away.values()
      removeLongestAway?.()
    }
    if (!client && clients >= mostClients) return null
    const room = rooms.begin(name)
    const { nameNumber = 0, sinceMs = now() } = summaryOf(room.people.get(userId)?.clients.values() ?? []) ?? {}
    const naming = { name: personName, nameNumber: nameNumber + 1 }
    const { own } = client ?? {}
    const stay = own ? Object.assign(own, naming) : { ...naming, sinceMs, open: 0, isLeaving: false, gone: undefined }
    begin(room, userId, id).own = stay
    shared?.set(keyOf(name, userId, id), [personName, stay.nameNumber, stay.sinceMs])
    rooms.changed(name, room)
    return stay
  }

  function begin(room: PresentRoom, userId: string, id: string): PresentClient {
    const here: Here = room.people.get(userId) ?? { clients: new Map(), typing: undefined, typingToldMs: -Infinity }
    room.people.set(userId, here)
    const known = here.clients.get(id)
    if (known) return known
    const client: PresentClient = { own: undefined, elsewhere: new Map() }
    here.clients.set(id, client)
    clients += 1
    return client
  }

  /** Ends the stay of a client at this process. The client may still be present at another process. */
  function drop(name: string, { userId, client: id }: Pick<Person, 'userId' | 'client'>): void {
    const room = rooms.get(name)
    const client = room?.people.get(userId)?.clients.get(id)
    if (!room || !client?.own) return
    clearTimeout(client.own.gone)
    away.delete(client.own)
    client.own = undefined
    shared?.set(keyOf(name, userId, id), undefined)
    settle(name, room, userId, id)
  }

  /** Removes a client that is not present at any process, and a person without clients. */
  function settle(name: string, room: PresentRoom, userId: string, id: string): void {
    const here = room.people.get(userId)
    const client = here?.clients.get(id)
    if (here && client && !client.own && client.elsewhere.size === 0) {
      here.clients.delete(id)
      clients -= 1
    }
    if (here?.clients.size === 0) {
      clearTimeout(here.typing)
      room.people.delete(userId)
    }
    rooms.changed(name, room)
    rooms.forget(name, room)
  }

  function changedElsewhere(key: string, value: SharedStay | undefined, from: string): void {
    const [name, userId, id] = JSON.parse(key) as SharedKey
    const room = rooms.begin(name)
    if (value) {
      const [personName, nameNumber, sinceMs] = value
      const stay: Stay = { name: personName, nameNumber, sinceMs }
      begin(room, userId, id).elsewhere.set(from, stay)
    } else room.people.get(userId)?.clients.get(id)?.elsewhere.delete(from)
    settle(name, room, userId, id)
  }

  /** Takes the goodbye of a client, which may have come to any process. */
  function leave(name: string, userId: string, id: string): void {
    shared?.dropGone(keyOf(name, userId, id))
    const own = rooms.get(name)?.people.get(userId)?.clients.get(id)?.own
    if (!own) return
    if (own.open === 0) drop(name, { userId, client: id })
    else own.isLeaving = true
  }

  /** Notes that a person types. Returns undefined if the person is not present. */
  function type(name: string, userId: string, on: boolean): Here | undefined {
    const room = rooms.get(name)
    const here = room?.people.get(userId)
    if (!room || !here) return undefined
    clearTimeout(here.typing)
    here.typing = undefined
    const end = () => {
      here.typing = undefined
      rooms.changed(name, room)
    }
    if (on) here.typing = setTimeout(end, typingMs).unref()
    rooms.changed(name, room)
    return here
  }
}

/** Topics of messages between processes. */
const LEAVE = 'presence leave'
const TYPING = 'presence typing'

/** An entry of the table that processes share. */
type SharedKey = [room: string, userId: string, client: string]
type SharedStay = readonly [name: string, nameNumber: number, sinceMs: number]

const keyOf = (...key: SharedKey): string => JSON.stringify(key)

/** Returns true if this name is the latest name of the client. */
const isNamed = (client: PresentClient, name: string): boolean =>
  client.elsewhere.size === 0 ? client.own?.name === name : summaryOf([client])?.name === name
