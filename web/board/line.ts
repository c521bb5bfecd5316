/**
 * Connects a page by the transport that the fallback chose, and by the transport on trial. Each transport starts at the
 * board's cursor.
 */
import type { Cursor, Event, Person, RoomPresence, TransportName } from '../../server/protocol/feed.ts'
import { now } from '../now.ts'
import type { Connection, State, ClientTransport } from '../transports/transport.ts'
import { startFallback, step } from './fallback.ts'
import type { Fallback, TransportReport } from './fallback.ts'

export interface BoardLine {
  readonly state: Fallback
  /** Time at which the line last began or stopped delivering events, whatever the transport. */
  readonly sinceMs: number
  /** State of the current transport's connection; null before the transport has reported a state. */
  readonly is: State | null
  /**
   * Connects from the board's cursor on. `only` is the one transport that the line may use; null for the best
   * transport.
   */
  open(only: TransportName | null): void
  /** Closes all connections. `open` can open the line again. */
  close(): void
  /** Closes all connections, and asks the server to remove the person from the room at once. */
  leave(): void
  typing(on: boolean): void
  /** Tells the line that the current transport looks open but delivers nothing. */
  withheld(trouble: string): void
}

export interface LineTarget {
  readonly origin: string
  readonly room: string
  readonly lane: string
  readonly transports: Readonly<Record<TransportName, ClientTransport>>
  person(): Person
  cursor(): Cursor
}

export interface LineListener {
  events(events: readonly Event[]): void
  gap(): void
  presence(presence: RoomPresence): void
  changed(): void
}

/**
 * Pause between two polls. A person who moves a task sees no delay, and the page sends at most one request a second.
 */
const POLL_MS = 1000
const HOLD_S = 25
const TICK_MS = 250

export function createLine(target: LineTarget, listener: LineListener): BoardLine {
  const connections = new Map<TransportName, Connection>()
  let state = startFallback(now())
  let is: State | null = null
  let sinceMs = now()
  let ticking: ReturnType<typeof setInterval> | undefined
  let tickedAtMs = now()
  let wasLate = false

  return {
    get state() {
      return state
    },
    get sinceMs() {
      return sinceMs
    },
    get is() {
      return is
    },
    open(only) {
      close()
      if (state.isLive) sinceMs = now()
      state = startFallback(now(), only)
      tickedAtMs = now()
      ticking = setInterval(tick, TICK_MS)
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

  /**
   * Reports to the fallback that time has passed. If the page did not run, waiting events may be handled only after
   * this timer, so this function waits for one more tick before it reports.
   */
  function tick(): void {
    const isLate = now() - tickedAtMs > 2 * TICK_MS
    tickedAtMs = now()
    const isGrace = isLate && !wasLate
    wasLate = isGrace
    if (!isGrace) report({ is: 'tick' })
  }

  function report(what: TransportReport): void {
    const before = state
    state = step(state, what, now())
    if (state === before) return
    if (state.isLive !== before.isLive) sinceMs = now()
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
        // A proxy may hold back the events of an open stream, so only a delivery proves that a transport works. Each
        // transport delivers the list of people first.
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
