/** Keeps the transport connected that the fall-back names, and beside it the one that is tried. All start where the board is. */
import type { Cursor, Event, Person, RoomPresence, TransportName } from '../../server/protocol.ts'
import { now } from '../now.ts'
import type { Connection, State, Transport } from '../transports/transport.ts'
import { startFallback, step } from './fallback.ts'
import type { Fallback, Report } from './fallback.ts'

export interface Line {
  readonly state: Fallback
  /** What the connections do: of the current transport. */
  readonly is: State | null
  /** From the cursor on. `only`: the one transport to use. */
  open(only: TransportName | null): void
  /** Ends all connections; it may be opened again. */
  close(): void
  /** The same, and whoever is named is gone at once. */
  leave(): void
  typing(on: boolean): void
  /** The current transport looks open and brings nothing. */
  withheld(trouble: string): void
}

export interface LineTarget {
  readonly origin: string
  readonly room: string
  readonly lane: string
  readonly transports: Readonly<Record<TransportName, Transport>>
  person(): Person
  cursor(): Cursor
}

export interface LineListener {
  events(events: readonly Event[]): void
  gap(): void
  presence(presence: RoomPresence): void
  changed(): void
}

/** Short enough to look like push to somebody who moves a task, and a request a second at the most. */
const POLL_MS = 1000
const HOLD_S = 25
const TICK_MS = 250

export function createLine(target: LineTarget, listener: LineListener): Line {
  const connections = new Map<TransportName, Connection>()
  let state = startFallback(now())
  let is: State | null = null
  let ticking: ReturnType<typeof setInterval> | undefined

  return {
    get state() {
      return state
    },
    get is() {
      return is
    },
    open(only) {
      close()
      state = startFallback(now(), only)
      ticking = setInterval(() => report({ is: 'tick' }), TICK_MS)
      connectAll()
      listener.changed()
    },
    close,
    leave() {
      for (const connection of connections.values()) connection.leave()
      connections.clear()
      close()
    },
    typing: (on) => connections.get(state.current)?.typing(on),
    withheld: (trouble) => report({ is: 'withheld', transport: state.current, trouble }),
  }

  function close(): void {
    clearInterval(ticking)
    for (const connection of connections.values()) connection.stop()
    connections.clear()
  }

  function report(what: Report): void {
    const before = state
    state = step(state, what, now())
    if (state === before) return
    if (state.current !== before.current) is = null
    connectAll()
    listener.changed()
  }

  function connectAll(): void {
    const wanted = [state.current, ...(state.trial === null ? [] : [state.trial])]
    for (const [name, connection] of connections) {
      if (wanted.includes(name)) continue
      connections.delete(name)
      connection.stop()
    }
    for (const name of wanted) if (!connections.has(name)) connections.set(name, connect(name))
  }

  function connect(name: TransportName): Connection {
    const live = (): void => report({ is: 'live', transport: name })
    const { origin, room, lane, transports } = target
    return transports[name].connect(
      {
        origin,
        room,
        lane: `${lane}.${name}`,
        person: target.person(),
        after: target.cursor(),
        intervalMs: POLL_MS,
        waitS: HOLD_S,
      },
      {
        // Only what arrives proves that a transport delivers: an open stream may be held back by a
        // proxy. Each tells first of all who is here.
        events(events) {
          listener.events(events)
          live()
        },
        presence(presence) {
          listener.presence(presence)
          live()
        },
        gap() {
          listener.gap()
        },
        state(told) {
          if (name === state.current) is = told
          if (told.is === 'reconnecting') report({ is: 'down', transport: name, trouble: told.trouble })
          else if (told.is === 'pausing') live()
          else if (name === state.current) listener.changed()
        },
      },
    )
  }
}
