/** One lane: a running transport, a ledger of the events that it brought, its figures, and its marks. */
import type { Cursor, Event, TransportName } from '../../server/protocol/feed.ts'
import { createLatencies } from '../measure/latency.ts'
import type { Latencies } from '../measure/latency.ts'
import { createLedger } from '../measure/ledger.ts'
import type { Ledger } from '../measure/ledger.ts'
import { now } from '../now.ts'
import type { Connection, State, Target, ClientTransport } from '../transports/transport.ts'
import type { TimedCrossing, Way } from './crossings.ts'
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
  /** Name of the lane's transport, or `yours` for the student's server. */
  readonly name: LaneName
  readonly transport: TransportName
  readonly ledger: Ledger
  readonly latencies: Latencies
  readonly marks: Marks
  readonly usage: UsageMeter
  readonly on: boolean
  readonly state: LaneState
  /** True if the connection has failed and nothing has arrived since the failure. */
  readonly troubled: boolean
  /** Reason why the server dropped this lane a short time ago; null if the server has not. */
  readonly droppedFor: string | null
  /** Cursor of the last event that this lane brought. */
  readonly cursor: Cursor
  /** The newest message that this lane brought; undefined if it has brought none. */
  readonly latest: Message | undefined
  /** Position in the feed at which this lane was switched on. Other lanes brought the earlier messages to the page. */
  readonly startOrder: number
  /**
   * Number of requests since the figures last began, number of these requests that brought messages, and the time at
   * which the figures began.
   */
  readonly tally: RequestTally
  /** Switches the lane on. The lane begins just after this cursor. */
  switchOn(after: Cursor): void
  switchOff(): void
  /** Closes the lane's connection. The lane stays switched on. */
  rest(why: Rest): void
  /**
   * Connects a lane that is switched on, just after the lane's own cursor. A lane that is running already reconnects.
   */
  wake(): void
  /** Reports whether the server has answered, or is holding, a request that the lane made after this page time. */
  hasReturned(sinceMs: number): boolean
  /** Reconnects at once if the lane is waiting before its next attempt. */
  hurry(): void
  /**
   * Excludes messages that the server published before this page time from the figures, because the page itself was
   * late for them.
   */
  keepOut(beforeMs: number): void
  /**
   * Reports whether the figures exclude this message. The figures exclude a message if the page was late for the
   * message, rested, or had no clock.
   */
  isKeptOut(message: Message): boolean
  /** Computes the delays of the messages that arrived before the page knew the server's clock. */
  date(offsetMs: number): void
  /**
   * Starts the figures again. The figures count messages that the server publishes `afterMs` or more from now (default:
   * 0). The ledger continues.
   */
  clear(afterMs?: number): void
  /**
   * Stores that the server has dropped this lane, and why. The lane reconnects so fast that a reader would otherwise
   * miss the reason.
   */
  drop(reason: string): void
  /** Takes crossings of this lane, oldest first, and gives the lane's marks their true times. */
  crossed(seen: readonly TimedCrossing[], way: Way): void
  /** Publishes over this lane's connection. Resolves to the event's id. Rejects if the lane has no connection. */
  publish(user: string, text: string, key: string): Promise<Cursor>
}

export interface RequestTally {
  readonly requests: number
  readonly useful: number
  readonly empty: number
  readonly sinceMs: number
}

/** What a lane needs from its page. */
export interface Surroundings {
  readonly messages: Messages
  target(): Omit<Target, 'after'>
  /**
   * The lane calls this at each arrival, before it measures anything. The page can then check whether it is running
   * late. Default: no check.
   */
  look?(): void
  /**
   * Returns the offset of the server's clock: serverTime = pageTime + offset; null while the page does not know that
   * clock.
   */
  offsetMs(): number | null
  /** The lane calls this when its state has changed or its trouble is over. */
  changed(lane: Lane, wasTroubled: boolean): void
  /** The lane calls this when a chat message has arrived. */
  heard(): void
  gap(lane: Lane, first: number | null, last: number | null): void
  /** The lane calls this with the time at which a byte crossed the wire or a message was published. */
  activity(atMs: number): void
}

/**
 * Time after the page has connected, in which the lanes measure nothing: connections are still opening, and the code is
 * still slow.
 */
const SETTLE_MS = 500

const DROPPED_MS = 5000
/** The server may still refuse a request for this time after the request has reached it. */
const REFUSED_WITHIN_MS = 500

export function createLane(
  { name, transport: by }: Pick<Lane, 'name' | 'transport'>,
  transport: ClientTransport,
  page: Surroundings,
): Lane {
  const index = LANES.indexOf(name)
  const ledger = createLedger()
  const latencies = createLatencies()
  const marks = createMarks(page.activity)
  const matching = createMatching(by, marks)
  const usage = createUsageMeter()
  let connection: Connection | undefined
  let state: LaneState = { is: 'resting', atMs: now(), why: 'before start' }
  let on = false
  let troubled = false
  let cursor: Cursor = '0'
  let startOrder = 0
  let latest: Message | undefined
  /** Messages that arrived while the page did not know the server's clock, for example just after a rest. */
  let undated: Message[] = []
  const keptOut = new WeakSet<Message>()
  let dropped: { readonly reason: string; readonly untilMs: number } | null = null
  let answers = 0
  /**
   * A message published before this time is not measured. The page rested or its settings changed, so the page, not the
   * transport, caused the message's delay.
   */
  let measureFromMs = 0
  /** A message published before this time came because the lane resumed. */
  let reopenedAtMs = 0
  let tallied: RequestTally = { requests: 0, useful: 0, empty: 0, sinceMs: now() }

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
    hasReturned(sinceMs) {
      if (!on || troubled || state.is === 'connecting' || state.is === 'resting') return false
      const stream = marks.streams.at(-1)
      if (stream) return stream.askedAtMs >= sinceMs && stream.openedAtMs !== null && stream.endedAtMs === null
      const asked = marks.exchanges.filter(({ askedAtMs }) => askedAtMs >= sinceMs)
      return asked.some(({ endedAtMs, failed }) => endedAtMs !== null && !failed) || isHeld()
    },
    hurry() {
      if (on && state.is === 'reconnecting') connect()
    },
    keepOut(beforeMs) {
      measureFromMs = Math.max(measureFromMs, beforeMs)
    },
    isKeptOut: (message) => keptOut.has(message),
    date(offsetMs) {
      for (const message of undated) {
        message.delayMs[index] = (message.receivedAtMs[index] ?? Number.NaN) - (message.event.at - offsetMs)
        keptOut.add(message)
      }
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
      if (troubled && isHeld()) settle()
    },
    publish(user, text, key) {
      if (!connection) return Promise.reject(new Error(`the lane ${name} has no connection`))
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

  // Only stores the events. The page draws in the next animation frame, so drawing does not delay the next event.
  function receive(events: readonly Event[], receivedAtMs: number): void {
    answers++
    page.look?.()
    const offsetMs = page.offsetMs()
    const brought: Message[] = []
    for (const event of events) {
      const message = record(event, receivedAtMs, offsetMs)
      if (message) brought.push(message)
    }
    if (brought.length > 0) marks.events(brought, receivedAtMs)
    if (brought.some(({ event }) => event.type === 'message')) page.heard()
    if (troubled) settle()
  }

  function settle(): void {
    troubled = false
    page.changed(lane, true)
  }

  /** Reports whether the server has received the request and has had enough time to refuse it. */
  function isHeld(): boolean {
    const last = marks.exchanges.at(-1)
    return (
      state.is === 'asking' && last?.endedAtMs === null && now() - (last.reachedAtMs ?? Infinity) > REFUSED_WITHIN_MS
    )
  }

  function record(event: Event, receivedAtMs: number, offsetMs: number | null): Message | undefined {
    const publishedAtMs = offsetMs === null ? Number.NaN : event.at - offsetMs
    const verdict = ledger.receive(event.id, publishedAtMs < reopenedAtMs)
    if (verdict !== 'out of order') cursor = event.id
    if (verdict === 'duplicate') return undefined
    const message = page.messages.add(event)
    if (!message) return undefined
    latest = message
    if (offsetMs !== null) page.activity(publishedAtMs)
    message.receivedAtMs[index] = receivedAtMs
    if (offsetMs === null) {
      undated.push(message)
      return message
    }
    const delayMs = receivedAtMs - publishedAtMs
    message.delayMs[index] = delayMs
    if (publishedAtMs >= measureFromMs) latencies.add(delayMs, answers)
    else keptOut.add(message)
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
