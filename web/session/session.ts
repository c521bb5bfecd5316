/** State of the whole page: one room, its lanes, one clock and one cursor. The session draws nothing. */
import type { Cursor, Person, RoomPresence, TransportName } from '../../server/protocol/feed.ts'
import type { Conditions, Cut, Preset } from '../../server/protocol/lab.ts'
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

/** State of the sandbox page. A reader of it draws or exports, and changes nothing. */
export interface SessionFacts extends Readonly<Record<SettingName, number>> {
  readonly room: string
  /** Lanes on the page, in the fixed order. Each change creates a new list. */
  readonly lanes: readonly Lane[]
  readonly messages: Messages
  readonly clock: Clock
  /**
   * Offset for drawing: serverTime = pageTime + offset. It keeps the last known value while a new one is being found;
   * null before the first.
   */
  readonly offsetMs: number | null
  /**
   * Last known round trip of the lanes, for drawing; null before the first. It includes network conditions, which the
   * connection of the clock avoids.
   */
  readonly roundTripMs: number | null
  /** Message rate of the room; null before the lab has reported it. */
  readonly ratePerSecond: number | null
  readonly instructor: boolean
  /** The lab's reason for refusing the last token; null if none was refused. */
  readonly refusal: string | null
  /** Name of the person who signed in; null if nobody has to sign in, or the lab has not reported it yet. */
  readonly signedInAs: string | null
  /** Network conditions of the server; null before the lab has reported them. */
  readonly conditions: Conditions | null
  /** Conditions before their last change; null if they never changed. */
  readonly conditionsBefore: Conditions | null
  readonly presets: readonly Preset[]
  /** Times in which the lab changed the network, oldest first. */
  readonly bands: readonly Band[]
  /** Number of pages that have this room open; null before the lab has reported it. */
  readonly here: number | null
  /** The person at this page; null if the page does not show people, for example beside a lesson. */
  readonly person: Person | null
  /** The people in the room; null before the lab has reported them. */
  readonly presence: RoomPresence | null
  readonly resting: Rest | null
  /**
   * Time on this page's clock since which the server answers neither on a lane nor in the lab; null while it answers.
   */
  readonly unreachableSinceMs: number | null
  /** True if the lab uses plain HTTP because the network between page and server refuses WebSockets. */
  readonly isWithoutWebSocket: boolean
  /** Times in which the server did not answer, oldest first. */
  readonly absences: readonly Absence[]
  /** Times in which no byte crossed the wire in any lane. */
  readonly quiet: Pick<Quiet, 'stretches' | 'lastMs'>
  /** Time of the lab's last message. */
  readonly heardAtMs: number
  /** End of the last time in which this page did not run. */
  readonly lateUntilMs: number
  /** Reports whether this page published the event. */
  isOwn(id: Cursor): boolean
  readonly exchanges: Exchanges
  /** Full name of a lane at the server. The page can inspect exchanges made under such a name. */
  laneName(name: string): string
  statusOf(lane: Lane): LaneStatus
}

/** A time in which the server did not answer. */
export interface Absence {
  readonly fromMs: number
  /** Null if it is not over. */
  readonly toMs: number | null
}

/** Acts that the controls of the page may call. */
export interface SessionActs {
  /** Adds a transport's lane to the page, or removes it. The last lane cannot be removed. */
  show(transport: TransportName, isShown: boolean): void
  switchOn(lane: Lane, on: boolean): void
  /** Switches off all other lanes. If this lane is alone already, switches all of them on again. */
  only(lane: Lane): void
  /** Changes a setting of a transport. */
  set(setting: Setting, value: number): void
  setRate(perSecond: number): void
  /** Changes the given conditions; the others stay as they are. */
  setNetwork(conditions: Partial<Conditions>): void
  /** Cuts all connections, by default with a reset (RST). */
  cut(how?: Cut): void
  restart(): void
  /** Claims to be the instructor, now and after each reconnection of the lab. A wrong token is forgotten. */
  claim(token: string): void
  /** Starts the figures again. */
  clear(): void
  /** Changes the person's name; an empty name becomes `anonymous`. */
  rename(name: string): void
  /** Reports that the person is typing, or has stopped. */
  typing(on: boolean): void
  send(by: 'socket' | 'post', user: string, text: string, key: string): Promise<void>
  /**
   * Fetches the bytes of an exchange; null if the server no longer keeps them. Rejects with a sentence if no server
   * answers.
   */
  inspect(exchange: number): Promise<Inspected | null>
}

/** Values that the model expects of a lane under the current settings. */
export interface Forecast {
  /**
   * Reports whether a buffering proxy holds this lane back. Such a proxy waits for the end of a response, and a
   * stream does not end.
   */
  isHeldBack(lane: Lane): boolean
  /** Expected latencies of a lane; null before a round trip is known. */
  expected(lane: Lane): Expectation | null
  /** Expected bytes per message; null before the meter has reported any, or if the model does not cover the lane. */
  expectedBytes(lane: Lane): number | null
}

/** The whole session, for the page that opens and closes it. */
export interface SandboxSession extends SessionFacts, SessionActs, Forecast, Wakeful {
  /** Time for which a lane's request has been queued in the browser. The page sets this function. */
  queuedMs: (lane: Lane) => number | null
  stop(): void
}

/** The named members of the session, for the part of it that sets them. */
export type Writable<Name extends keyof SandboxSession> = { -readonly [N in Name]: SandboxSession[N] }

export interface ShownLane extends Pick<Lane, 'name' | 'transport'> {
  /** Origin of the lane's server. Default: the origin of the page. */
  readonly origin?: string
}

export interface SessionListener {
  /** Shows one sentence in the status line. */
  say(sentence: string): void
  /**
   * Called on a change that should not wait for the next figures: a lane was switched, failed or recovered, or a
   * setting changed.
   */
  changed(): void
  /** Called when a chat message arrived on one more lane. */
  heard(): void
}

export interface SessionParts {
  readonly origin: string
  readonly address: Address
  /** Lanes of a lesson, which readers cannot change. Default: the lanes that the address names, which they can. */
  readonly shown?: readonly ShownLane[]
  readonly transports: Record<TransportName, ClientTransport>
  readonly clockResolutionMs: number
  /** The person to introduce to others in the room. Default: the page is not introduced, and learns of no others. */
  readonly person?: Pick<Person, 'userId' | 'name'>
}
