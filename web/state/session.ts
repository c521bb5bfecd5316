/** The whole page's state: one room, four lanes, one clock, one position. It draws nothing. */
import type {
  Conditions,
  Cursor,
  Cut,
  Inspected,
  Person,
  Preset,
  RoomPresence,
  TransportName,
} from '../../server/protocol.ts'
import type { Clock } from '../measure/clock.ts'
import type { Expectation } from '../measure/model.ts'
import type { Transport } from '../transports/transport.ts'
import type { Address } from './address.ts'
import type { Away } from './away.ts'
import type { Condition } from './condition.ts'
import type { Exchanges } from './exchanges.ts'
import type { Lane } from './lane.ts'
import type { Messages } from './messages.ts'
import type { Band } from './network.ts'
import type { Quiet } from './quiet.ts'
import type { Rest, Wakeful } from './wake.ts'

export interface Session extends Wakeful {
  readonly room: string
  /** In the fixed order; all four but for a lesson. */
  readonly lanes: readonly Lane[]
  readonly messages: Messages
  readonly clock: Clock
  /** serverTime = pageTime + offset, for drawing: the last known one while a new one is being found; null before the first. */
  readonly offsetMs: number | null
  /** Of the lanes, which may be bent where the clock's own line never is; null before the first. */
  readonly roundTripMs: number | null
  readonly intervalMs: number
  readonly waitS: number
  /** The room's; null before the lab has told. */
  readonly ratePerSecond: number | null
  readonly instructor: boolean
  /** What was said of the last token, where it made nobody the instructor. */
  readonly refusal: string | null
  /** The server's network; null before the lab has told. */
  readonly conditions: Conditions | null
  /** What held before the last change of them; null where there was none. */
  readonly conditionsBefore: Conditions | null
  readonly presets: readonly Preset[]
  /** When it was bent, oldest first. */
  readonly bands: readonly Band[]
  /** Pages that have this room open; null before the lab has told. */
  readonly here: number | null
  /** Whose page this is; null where nobody is shown to others, as beside a lesson. */
  readonly person: Person | null
  /** Who is in the room; null before the lab has told. */
  readonly presence: RoomPresence | null
  readonly resting: Rest | null
  /** The server answers on no lane and not in the lab: since when, on this page's clock. */
  readonly unreachableSinceMs: number | null
  /** When it did not, oldest first. */
  readonly aways: Away['stretches']
  /** When nothing crossed in any lane. */
  readonly quiet: Pick<Quiet, 'stretches' | 'lastMs'>
  /** When the lab was last heard. */
  readonly heardAtMs: number
  /** Set by the page: how long a lane's request has been queued in the browser. */
  queuedMs: (lane: Lane) => number | null
  switchOn(lane: Lane, on: boolean): void
  /** This lane alone, from where the page stands; all of them again where it is alone already. */
  only(lane: Lane): void
  setInterval(ms: number): void
  setWait(s: number): void
  setRate(perSecond: number): void
  /** What is left out stays as it is. */
  setNetwork(conditions: Partial<Conditions>): void
  /** Default: by a reset. */
  cut(how?: Cut): void
  restart(): void
  /** To be the instructor, now and whenever the lab comes back; the token is forgotten when it is wrong. */
  claim(token: string): void
  /** The figures start again. */
  clear(): void
  /** How one is called from now on; empty is nobody in particular. */
  rename(name: string): void
  /** One types, or does so no more. */
  typing(on: boolean): void
  send(by: 'ws' | 'post', user: string, text: string, key: string): Promise<void>
  /** Has this page itself published it? */
  isOwn(id: Cursor): boolean
  readonly exchanges: Exchanges
  /** The bytes of an exchange; null where they are no longer kept. Rejects with a sentence where nobody answers. */
  inspect(exchange: number): Promise<Inspected | null>
  /** By a proxy that buffers: it collects answers, and a stream is one that does not end. */
  isHeldBack(lane: Lane): boolean
  /** As the server knows the lane of this name. What a page asks for under such a name it may inspect. */
  laneName(name: string): string
  stateOf(lane: Lane): Condition
  /** Null before a round trip is known. */
  expected(lane: Lane): Expectation | null
  /** Bytes for each message, by the model; null before the meter has told of some, or where the model does not know. */
  expectedBytes(lane: Lane): number | null
  stop(): void
}

export interface ShownLane extends Pick<Lane, 'name' | 'transport'> {
  /** Where its server is; default: where the page is from. */
  readonly origin?: string
}

export interface SessionListener {
  /** One sentence for the status line. */
  say(sentence: string): void
  /** Something changed that should not wait for the next figures: a lane is on, off, in trouble or out of it; a setting. */
  changed(): void
  /** What somebody wrote arrived on one more lane. */
  heard(): void
}

export interface Parts {
  readonly origin: string
  readonly address: Address
  /** Default: the four. A lesson shows those that it is about, and nothing switches them. */
  readonly shown?: readonly ShownLane[]
  readonly transports: Record<TransportName, Transport>
  readonly clockResolutionMs: number
  /** To be shown to others in the room, and to be told of them. Default: neither. */
  readonly person?: Pick<Person, 'userId' | 'name'>
}
