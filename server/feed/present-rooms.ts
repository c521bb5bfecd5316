/** The rooms that have people or watchers, and the state that the watchers of each room got last. */
import { isFrom, isSameVersion, stateOf } from './present-people.ts'
import type { PresentPeople } from './present-people.ts'
import type { RoomPresence } from '../protocol/feed.ts'

/** Functions for code that reads the presence of rooms. */
export interface PresentStates {
  /**
   * Returns the state of a room that the watchers got last. All calls before the next change return the same object, so
   * that a caller can encode the object once for all readers.
   */
  of(room: string): RoomPresence
  /** Returns true if the version belongs to the state that `of` returns. */
  isKnown(room: string, version: string | undefined): boolean
  /**
   * Returns true if a reader that has this version must get the state at once. A version that only another process has
   * sent is not outdated: this process may be about to get the same state. `watch` sends the state after a short time.
   */
  isOutdated(room: string, version: string | undefined): boolean
  /**
   * Calls `tell` with the room's state: at once if `known` is outdated (`isOutdated`), and after each change. If `tell`
   * returns a promise, the watcher gets no state until the promise resolves, and then gets the latest state.
   * Returns a function that ends the calls of `tell`.
   */
  watch(room: string, known: string | undefined, tell: Tell): () => void
}

type Tell = (state: RoomPresence) => Promise<void> | void

export interface PresentRoom {
  readonly people: PresentPeople
  readonly watchers: Set<Watcher>
  state: RoomPresence
  sentAtMs: number
  telling: ReturnType<typeof setTimeout> | undefined
}

interface Watcher {
  known: string | undefined
  held: boolean
  stopped: boolean
  /** Ends the wait for a state with the version `known`, which another process has sent. */
  waiting: ReturnType<typeof setTimeout> | undefined
  readonly tell: Tell
}

export interface PresentRooms extends PresentStates {
  get(name: string): PresentRoom | undefined
  /** Returns the room, which is empty if there was no such room. */
  begin(name: string): PresentRoom
  /** Forgets a room without people and watchers. */
  forget(name: string, room: PresentRoom): void
  /** Sends the first change at once. Sends later changes together, when the shortest time between two states is over. */
  changed(name: string, room: PresentRoom): void
  /** Removes all rooms, and clears the timers of the rooms, their watchers and their people. */
  stop(): void
}

/**
 * Time that the server adds to `tellMs` for each person in the room. Each person makes the state longer and adds a
 * reader of the state. With 200 people, a room sends at most one state every 1.2 s.
 */
const TELL_MS_PER_PERSON = 5

/**
 * Time for which a watcher keeps a version that another process has sent, if this process does not get the same state.
 * Processes have different lists while Redis is away. Then a client whose polls reach these processes in turn gets two
 * states a second. Without this wait, each of its polls would return at once.
 */
const FOREIGN_MS = 500

/** Length of the part of a process's id that its versions have at their end. */
const SENDER_CHARS = 8

/** `own`: the id of this process if other processes share the presence. */
export function createRooms(tellMs: number, own: string | undefined): PresentRooms {
  const rooms = new Map<string, PresentRoom>()
  const sender = own?.slice(0, SENDER_CHARS) ?? '0'
  const nobody = (name: string): RoomPresence => stateOf(name, new Map(), sender)
  const isForeign = (version: string): boolean => own !== undefined && !isFrom(version, sender)

  const all: PresentRooms = {
    get: (name) => rooms.get(name),
    begin(name) {
      const room = rooms.get(name) ?? {
        people: new Map(),
        watchers: new Set(),
        state: nobody(name),
        sentAtMs: -Infinity,
        telling: undefined,
      }
      rooms.set(name, room)
      return room
    },
    forget(name, room) {
      if (room.people.size > 0 || room.watchers.size > 0) return
      clearTimeout(room.telling)
      if (rooms.get(name) === room) rooms.delete(name)
    },
    of: (name) => rooms.get(name)?.state ?? nobody(name),
    isKnown: (name, version) => isSameVersion(version, all.of(name).version),
    isOutdated: (name, version) => version === undefined || !(isForeign(version) || all.isKnown(name, version)),
    watch(name, known, tell) {
      const room = all.begin(name)
      const watcher: Watcher = { known, held: false, stopped: false, waiting: undefined, tell }
      room.watchers.add(watcher)
      if (!all.isKnown(name, known) && !all.isOutdated(name, known))
        watcher.waiting = setTimeout(() => {
          watcher.waiting = undefined
          hand(room, watcher)
        }, FOREIGN_MS).unref()
      hand(room, watcher)
      return () => {
        watcher.stopped = true
        clearTimeout(watcher.waiting)
        room.watchers.delete(watcher)
        all.forget(name, room)
      }
    },
    changed(name, room) {
      if (room.telling) return
      const everyMs = tellMs + room.people.size * TELL_MS_PER_PERSON
      const waitMs = room.sentAtMs + everyMs - performance.now()
      if (waitMs <= 0) return tellWatchers(name, room)
      room.telling = setTimeout(() => {
        room.telling = undefined
        tellWatchers(name, room)
      }, waitMs).unref()
    },
    stop() {
      for (const { telling, watchers, people } of rooms.values()) {
        clearTimeout(telling)
        for (const { waiting } of watchers) clearTimeout(waiting)
        watchers.clear()
        for (const { typing, clients } of people.values()) {
          clearTimeout(typing)
          for (const { own: stay } of clients.values()) clearTimeout(stay?.gone)
        }
        people.clear()
      }
      rooms.clear()
    },
  }
  return all

  function tellWatchers(name: string, room: PresentRoom): void {
    const state = stateOf(name, room.people, sender)
    // If a person left and came back since the last state, the state has not changed.
    if (state.version === room.state.version) return
    room.sentAtMs = performance.now()
    room.state = state
    for (const watcher of room.watchers) hand(room, watcher)
  }

  function hand(room: PresentRoom, watcher: Watcher): void {
    const isKnown = isSameVersion(watcher.known, room.state.version)
    if (isKnown) {
      clearTimeout(watcher.waiting)
      watcher.waiting = undefined
    }
    if (isKnown || watcher.stopped || watcher.held || watcher.waiting) return
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
}
