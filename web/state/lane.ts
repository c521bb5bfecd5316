/** One lane: a transport that runs, the proof of what it brought, its figures, and what is drawn of it. */
import type { Cursor, Event, TransportName } from '../../server/protocol.ts'
import { createLatencies } from '../measure/latency.ts'
import type { Latencies } from '../measure/latency.ts'
import { createLedger } from '../measure/ledger.ts'
import type { Ledger } from '../measure/ledger.ts'
import { now } from '../now.ts'
import type { Connection, State, Target, Transport } from '../transports/transport.ts'
import type { Seen, Way } from './crossings.ts'
import { createMarks } from './marks.ts'
import type { Marks } from './marks.ts'
import { createMatching } from './matching.ts'
import type { Message, Messages } from './messages.ts'
import { LANES } from './order.ts'
import type { LaneName } from './order.ts'
import { createUsageMeter } from './usage.ts'
import type { UsageMeter } from './usage.ts'
import type { Rest } from './wake.ts'

export type LaneState =
  | State
  | { readonly is: 'off'; readonly atMs: number }
  | { readonly is: 'resting'; readonly atMs: number; readonly why: Rest | 'before start' }

export interface Lane {
  /** Of its transport, or that it is the student's. */
  readonly name: LaneName
  readonly transport: TransportName
  readonly ledger: Ledger
  readonly latencies: Latencies
  readonly marks: Marks
  readonly usage: UsageMeter
  readonly on: boolean
  readonly state: LaneState
  /** It failed, and has not brought anything since. */
  readonly troubled: boolean
  /** Why the server dropped it a moment ago, in its words; else null. */
  readonly droppedFor: string | null
  /** Just behind the last event that this lane brought. */
  readonly cursor: Cursor
  /** The newest message that it brought. */
  readonly latest: Message | undefined
  /** Where it began when it was last switched on: what lies before came to the page by other lanes. */
  readonly startOrder: number
  /** Requests since the figures began, how many of them brought something or nothing, and when that was. */
  readonly tally: Tally
  /** Switches it on, from this cursor on. */
  switchOn(after: Cursor): void
  switchOff(): void
  /** Lets the connection go without switching the lane off. */
  rest(why: Rest): void
  /** Goes on from its own cursor, where it is on; reconnects where it runs. */
  wake(): void
  /** There is a clock: what arrived before it gets its delay now. */
  date(offsetMs: number): void
  /** The figures start again, with what is published after so many ms (default: at once). The ledger goes on. */
  clear(afterMs?: number): void
  /** The server says that it has dropped it. It comes back by itself, and so fast that one would not see why it went. */
  drop(reason: string): void
  /** What crossed the wire in it, in its order: its marks get their true times. */
  crossed(seen: readonly Seen[], way: Way): void
  /** Publishes over this lane's connection, and tells under which id; rejects where it has none. */
  publish(user: string, text: string, key: string): Promise<Cursor>
}

export interface Tally {
  readonly requests: number
  readonly useful: number
  readonly empty: number
  readonly sinceMs: number
}

/** What a lane needs of its page. */
export interface Surroundings {
  readonly messages: Messages
  target(): Omit<Target, 'after'>
  /** serverTime = pageTime + offset; null while no clock is known. */
  offsetMs(): number | null
  /** Its state changed, or the trouble is over. */
  changed(lane: Lane, wasTroubled: boolean): void
  /** It brought something that somebody wrote. */
  heard(): void
  gap(lane: Lane, first: number | null, last: number | null): void
  /** Something crossed, or was published, then. */
  stirred(atMs: number): void
}

/** After the page itself has (re)connected a lane: until the connection stands and the code that runs is warm. */
const SETTLE_MS = 500

const DROPPED_MS = 5000

export function createLane(
  { name, transport: by }: Pick<Lane, 'name' | 'transport'>,
  transport: Transport,
  page: Surroundings,
): Lane {
  const index = LANES.indexOf(name)
  const ledger = createLedger()
  const latencies = createLatencies()
  const marks = createMarks(page.stirred)
  const matching = createMatching(by, marks)
  const usage = createUsageMeter()
  let connection: Connection | undefined
  let state: LaneState = { is: 'resting', atMs: now(), why: 'before start' }
  let on = false
  let troubled = false
  let cursor: Cursor = '0'
  let startOrder = 0
  let latest: Message | undefined
  /** Arrived while no clock was known, as right after a rest. */
  let undated: Message[] = []
  let dropped: { readonly reason: string; readonly untilMs: number } | null = null
  let answers = 0
  /** Published before this, a message is late by the page's doing (it rested, it was set otherwise): not measured. */
  let measureFromMs = 0
  /** Published before this, a message came by resuming. */
  let reopenedAtMs = 0
  let tallied: Tally = { requests: 0, useful: 0, empty: 0, sinceMs: now() }

  const lane: Lane = {
    name,
    transport: by,
    ledger,
    latencies,
    marks,
    usage,
    get on() {
      return on
    },
    get state() {
      return state
    },
    get troubled() {
      return troubled
    },
    get droppedFor() {
      return dropped && now() < dropped.untilMs ? dropped.reason : null
    },
    get cursor() {
      return cursor
    },
    get latest() {
      return latest
    },
    get startOrder() {
      return startOrder
    },
    get tally() {
      const { requests, useful, empty, sinceMs } = tallied
      return { requests: marks.requests - requests, useful: marks.useful - useful, empty: marks.empty - empty, sinceMs }
    },
    switchOn(after) {
      if (on) return
      on = true
      cursor = after
      startOrder = page.messages.orderOf(after)
      ledger.startAt(after)
      connect()
    },
    switchOff() {
      on = false
      disconnect({ is: 'off', atMs: now() })
    },
    rest(why) {
      if (on) disconnect({ is: 'resting', atMs: now(), why })
    },
    wake() {
      if (on) connect()
    },
    date(offsetMs) {
      for (const message of undated)
        message.delayMs[index] = (message.receivedAtMs[index] ?? Number.NaN) - (message.event.at - offsetMs)
      undated = []
    },
    clear(afterMs = 0) {
      latencies.clear()
      usage.clear()
      tallied = { requests: marks.requests, useful: marks.useful, empty: marks.empty, sinceMs: now() }
      measureFromMs = now() + afterMs
    },
    drop(reason) {
      dropped = { reason, untilMs: now() + DROPPED_MS }
    },
    crossed(seen, way) {
      matching.take(seen, way)
    },
    publish(user, text, key) {
      if (!connection) return Promise.reject(new Error(`${name} has no connection`))
      marks.sentAt(now())
      return connection.publish(user, text, key)
    },
  }
  return lane

  function connect(): void {
    connection?.stop()
    marks.letGo(now())
    reopenedAtMs = now()
    measureFromMs = reopenedAtMs + SETTLE_MS
    connection = transport.connect({ ...page.target(), after: cursor }, { events: receive, gap: skip, state: follow })
  }

  function disconnect(to: LaneState): void {
    connection?.stop()
    connection = undefined
    marks.letGo(to.atMs)
    enter(to)
  }

  function follow(next: State): void {
    marks.state(next)
    if (state.is === 'reconnecting' && next.is !== 'reconnecting') reopenedAtMs = next.atMs
    enter(next)
  }

  function enter(next: LaneState): void {
    const wasTroubled = troubled
    state = next
    if (next.is === 'reconnecting') troubled = true
    else if (next.is !== 'asking' && next.is !== 'connecting') troubled = false
    page.changed(lane, wasTroubled)
  }

  // Records only: what is drawn of it is drawn with the next frame, and cannot make the next event late.
  function receive(events: readonly Event[], receivedAtMs: number): void {
    answers++
    const offsetMs = page.offsetMs()
    const brought: Message[] = []
    for (const event of events) {
      const message = record(event, receivedAtMs, offsetMs)
      if (message) brought.push(message)
    }
    if (brought.length > 0) marks.events(brought, receivedAtMs)
    if (brought.some(({ event }) => event.type === 'message')) page.heard()
    if (!troubled) return
    troubled = false
    page.changed(lane, true)
  }

  function record(event: Event, receivedAtMs: number, offsetMs: number | null): Message | undefined {
    const publishedAtMs = offsetMs === null ? Number.NaN : event.at - offsetMs
    const verdict = ledger.receive(event.id, publishedAtMs < reopenedAtMs)
    if (verdict !== 'out of order') cursor = event.id
    if (verdict === 'duplicate') return undefined
    const message = page.messages.add(event)
    if (!message) return undefined
    latest = message
    if (offsetMs !== null) page.stirred(publishedAtMs)
    message.receivedAtMs[index] = receivedAtMs
    if (offsetMs === null) {
      undated.push(message)
      return message
    }
    const delayMs = receivedAtMs - publishedAtMs
    message.delayMs[index] = delayMs
    if (publishedAtMs >= measureFromMs) latencies.add(delayMs, answers)
    return message
  }

  function skip(to: Cursor, receivedAtMs: number): void {
    const missed = ledger.gap(to)
    cursor = to
    page.messages.skipTo(to)
    startOrder = Math.max(startOrder, page.messages.orderOf(to))
    if (missed) marks.gap(missed.first, missed.last, receivedAtMs)
    page.gap(lane, missed?.first ?? null, missed?.last ?? null)
  }
}
