/** State of the whole sandbox page: one room, its lanes, one clock and one cursor. The session draws nothing. */
import type { Cursor, Person, RoomPresence, TransportName } from '../../server/protocol/feed.ts'
import type { Conditions, Cut, Preset } from '../../server/protocol/lab.ts'
import type { ShowMessage, ShowSaying } from '../../server/protocol/show.ts'
import type { Inspected } from '../../server/protocol/wire.ts'
import type { Clock } from '../measure/clock.ts'
import type { Expectation } from '../measure/model.ts'
import type { Setting, SettingName, ClientTransport } from '../transports/transport.ts'
import type { Address } from './address.ts'
import type { LaneStatus } from './lane-status.ts'
import type { Exchanges } from './exchanges.ts'
import type { Lane } from '../lane/lane.ts'
import type { Messages } from '../lane/messages.ts'
import type { Band } from './network.ts'
import type { Quiet } from './quiet.ts'
import type { Rest, Wakeful } from '../lane/wake.ts'

/** State of the sandbox page, for code that draws or exports this state. Code that draws or exports changes nothing. */
export interface SessionFacts extends Readonly<Record<SettingName, number>> {
  readonly room: string
  /**
   * Lanes on the page, in an order that never changes. If a lane is added or removed, this list is replaced by a new
   * list.
   */
  readonly lanes: readonly Lane[]
  readonly messages: Messages
  readonly clock: Clock
  /**
   * Offset of the server's clock for drawing: serverTime = pageTime + offset. While the page measures a new offset,
   * this is the last known one; null before the first.
   */
  readonly offsetMs: number | null
  /**
   * Last known round trip of the lanes, for drawing; null before the first measurement. The round trip includes the
   * network conditions, although the conditions do not affect the connection that measures the clock.
   */
  readonly roundTripMs: number | null
  /** Message rate of the room; null before the lab has reported it. */
  readonly ratePerSecond: number | null
  readonly instructor: boolean
  /** Reason why the lab refused the last token; null if it did not refuse it. */
  readonly refusal: string | null
  /** Name of the person who signed in; null if nobody has to sign in, or before the lab has reported the name. */
  readonly signedInAs: string | null
  /** Network conditions of the server; null before the lab has reported them. */
  readonly conditions: Conditions | null
  /** Conditions before their last change; null if they have not changed. */
  readonly conditionsBefore: Conditions | null
  readonly presets: readonly Preset[]
  /** Time spans in which the network had conditions, oldest first. */
  readonly bands: readonly Band[]
  /** Number of pages that have this room open; null before the lab has reported it. */
  readonly here: number | null
  /** The person at this page; null if the page shows no people, as a lesson's page does. */
  readonly person: Person | null
  /** The people in the room; null before the lab has reported them. */
  readonly presence: RoomPresence | null
  readonly resting: Rest | null
  /**
   * Time, on this page's clock, since which the server has answered neither a lane nor the lab's connection; null while
   * the server answers.
   */
  readonly unreachableSinceMs: number | null
  /** True if the network refuses WebSockets, so that the page reaches the lab by plain HTTP. */
  readonly isWithoutWebSocket: boolean
  /** Times in which the server did not answer, oldest first. */
  readonly absences: readonly Absence[]
  /** Times in which no byte crossed the wire in any lane. */
  readonly quiet: Pick<Quiet, 'stretches' | 'lastMs'>
  /** Time of the lab's last message, on this page's clock. */
  readonly heardAtMs: number
  /** End of the last time in which this page did not run, on this page's clock. */
  readonly lateUntilMs: number
  /** Reports whether this page published the event. */
  isOwn(id: Cursor): boolean
  readonly exchanges: Exchanges
  /** Returns the full name of a lane at the server. The page can inspect exchanges under this name. */
  laneName(name: string): string
  statusOf(lane: Lane): LaneStatus
}

/** A time in which the server did not answer. */
export interface Absence {
  readonly fromMs: number
  /** End of that time; null while the server still does not answer. */
  readonly toMs: number | null
}

/** Actions that the controls of the page call. */
export interface SessionActs {
  /** Adds a transport's lane to the page, or removes it. The last lane cannot be removed. */
  show(transport: TransportName, isShown: boolean): void
  switchOn(lane: Lane, on: boolean): void
  /** Switches off all lanes except this lane. If all other lanes are off already, switches all lanes on. */
  only(lane: Lane): void
  /** Shows the lanes of these transports, and switches off the lanes in `off` and all others on. */
  arrange(shown: readonly TransportName[], off: readonly TransportName[]): void
  /** Changes a setting of a transport. */
  set(setting: Setting, value: number): void
  setRate(perSecond: number): void
  /** Changes the given conditions; the others stay as they are. */
  setNetwork(conditions: Partial<Conditions>): void
  /** Cuts all connections. The default is a reset (RST). */
  cut(how?: Cut): void
  restart(): void
  /**
   * Asks for the instructor's role with this token, now and each time the lab reconnects. Forgets the token if it is
   * wrong.
   */
  claim(token: string): void
  /** Starts the figures of all lanes again. */
  clear(): void
  /** Changes the person's name; an empty name becomes `anonymous`. */
  rename(name: string): void
  /** Reports that the person types (true), or has stopped (false). */
  typing(on: boolean): void
  send(by: 'socket' | 'post', user: string, text: string, key: string): Promise<void>
  /**
   * Fetches the bytes of an exchange; null if the server no longer keeps these bytes. Rejects with a sentence if the
   * server does not answer.
   */
  inspect(exchange: number): Promise<Inspected | null>
  /** Says something to the show. Without a connection to the lab, nothing happens. */
  say(saying: ShowSaying): void
}

/** What the model predicts for a lane under the current settings. */
export interface Forecast {
  /**
   * Reports whether a buffering proxy holds this lane back. A buffering proxy passes a response on when the response
   * ends, but a stream's response does not end.
   */
  isHeldBack(lane: Lane): boolean
  /** Returns the latencies that the model expects of a lane; null before the page knows the round trip. */
  expected(lane: Lane): Expectation | null
  /**
   * Returns the bytes per message that the model expects; null before the meter has reported bytes, or if the model
   * does not cover the lane.
   */
  expectedBytes(lane: Lane): number | null
}

/** The whole session, for the page that opens and closes the session. */
export interface SandboxSession extends SessionFacts, SessionActs, Forecast, Wakeful {
  /** Returns for how many ms a lane's request has waited in the browser. The page replaces this function by its own. */
  queuedMs: (lane: Lane) => number | null
  stop(): void
}

/** The named members of the session as members that can be set, for the part of the session that sets them. */
export type Writable<Name extends keyof SandboxSession> = { -readonly [N in Name]: SandboxSession[N] }

export interface ShownLane extends Pick<Lane, 'name' | 'transport'> {
  /** Origin of the lane's server. Default: the page's own origin. */
  readonly origin?: string
  /** True if the lane is off until the page switches it on. Default: false. */
  readonly isOff?: boolean
}

export interface SessionListener {
  /** Shows a sentence in the status line. */
  say(sentence: string): void
  /**
   * The session calls this after a change that the page should show at once: a lane was switched, failed or recovered,
   * or a setting changed.
   */
  changed(): void
  /** The session calls this when one more lane has received a chat message. */
  heard(): void
  /** The session calls this instead of `say` if the server refuses something that this page has asked for. */
  refused?(sentence: string): void
  /**
   * The session calls this whenever the lab has accepted a connection of this page, also after a reconnection. A page of
   * the show then follows the show.
   */
  connected?(): void
  /** The session calls this with each message of the show. */
  show?(message: ShowMessage): void
}

export interface SessionParts {
  readonly origin: string
  readonly address: Address
  /**
   * Lanes that the page shows and readers cannot change, as in a lesson. Default: the lanes in the address, which
   * readers can change.
   */
  readonly shown?: readonly ShownLane[]
  readonly transports: Record<TransportName, ClientTransport>
  readonly clockResolutionMs: number
  /**
   * The person whom the page introduces to the others in the room. Default: the page introduces nobody, and learns of
   * nobody.
   */
  readonly person?: Pick<Person, 'userId' | 'name'>
}
