/**
 * Types of the show. In a show, an instructor leads a class through scenes: the class predicts, the lanes run, and the
 * stage shows the measurement over the prediction. The pages of a show are `/stage` (projector), `/presenter` and
 * `/remote` (instructor), and `/join` (the phones, each one seat).
 *
 * The messages of the show travel on the lab's connection, because no network condition bends that connection, and
 * because it falls back to plain HTTP where a network refuses WebSockets. Every show has a room of its own in the feed.
 * A page learns the room from `GET /show`, and opens the lab of this room.
 */
import type { ServerTimeMs, TransportName } from './feed.ts'
import type { Cut, Settings, SettingsChange } from './lab.ts'

/**
 * Steps of a scene, in order. While the class predicts, each seat has one vote and may change it, and nobody sees the
 * votes. In `closed`, the votes are counted and fixed. In `run`, the scene's settings and acts apply. `explain` shows
 * the measurement and the right answer.
 */
export type Step = 'predict' | 'closed' | 'run' | 'explain'

/** What the stage draws for a scene: lanes, the bytes of an exchange, the seats of the class, or how to join. */
export type SceneView = 'lanes' | 'bytes' | 'exchange' | 'room' | 'join'

/**
 * The measured figure that decides which answer is right. `delay`: typical delay (p50) of a lane in ms. `bytes`: bytes
 * per message of a lane. `lost`: messages that never arrived, in all lanes of the stage. `earliest` and `cheapest`: the
 * lane with the lowest delay or the fewest bytes per message. `stopped`: the lane that received nothing while the scene
 * ran. `classDelay`: median of the seats' typical delays on a transport. `worstQuarter`: the delay in ms that a quarter
 * of the seats exceed.
 */
export type SceneFigure =
  | { readonly of: 'delay' | 'bytes' | 'classDelay'; readonly lane: TransportName }
  | { readonly of: 'lost' | 'worstQuarter' | 'earliest' | 'cheapest' | 'stopped' }

/**
 * One of the two to four answers. A figure in numbers has answers with a `value`, and the nearest value is right. A
 * figure that names a lane has answers with a `lane`; an answer without a lane means "none of them".
 */
export interface Answer {
  readonly text: string
  readonly value?: number
  readonly lane?: TransportName
}

/** An act that happens `atS` seconds after the scene began to run. */
export interface SceneAct {
  readonly atS: number
  readonly cut?: Cut
  readonly restart?: true
  /** Settings that change at this moment, such as a firewall. The end of the scene takes them back too. */
  readonly set?: SettingsChange
}

/** A scene as data, from `server/show/scenes.json` or from the instructor's file (`--scenes`). */
export interface Scene {
  /** Name of the scene in files and addresses: `^[a-z0-9-]{1,32}$`. */
  readonly id: string
  readonly title: string
  readonly question: string
  /** Between two and four answers. Empty for a scene without a question, such as how to join. */
  readonly answers: readonly Answer[]
  readonly figure: SceneFigure | null
  readonly view: SceneView
  /** Lanes on the stage, one to four. A view of the room ignores them. */
  readonly lanes: readonly TransportName[]
  /** Settings while the scene runs. The scene's end puts back exactly what it has set. */
  readonly set: SettingsChange
  /** Interval of the stage's short polling in ms. Default: 1000. */
  readonly pollMs?: number
  readonly acts: readonly SceneAct[]
  /** Duration of the run in seconds. After it the presenter sees that it is over; only the driver goes on. */
  readonly runS: number
  /** What to look at while it runs, in one sentence, on the stage. */
  readonly look: string
  /** The reason that explains the measurement, in one sentence, on the stage in `explain`. */
  readonly explain: string
  /** What the instructor says and does. Only the presenter's page and the printed sheet show it. */
  readonly notes: readonly string[]
  /** Planned length of the whole scene in minutes. */
  readonly minutes: number
  /** True for a scene outside the usual hour. */
  readonly spare?: boolean
}

/** A figure that the stage has measured in one of its lanes since the scene began to run. */
export interface LaneFigures {
  readonly lane: TransportName
  /** Null before the first message. */
  readonly p50Ms: number | null
  readonly n: number
  readonly bytesPerMessage: number | null
  readonly lost: number
  readonly doubled: number
  /**
   * Delays in ms, smallest first: all of them, or 60 at equal distances among them. From these, a page draws the same
   * picture after it was reloaded.
   */
  readonly delaysMs?: readonly number[]
  /** Bytes per message by purpose: payload, framing, heads, and bytes that carried no message. */
  readonly parts?: readonly number[]
  /** What the model expected of the lane; absent if the model does not cover it. */
  readonly expected?: ExpectedFigures
}

/** What the model expected of a lane: its typical delay, the range of nearly all delays, and its bytes per message. */
export interface ExpectedFigures {
  readonly p50Ms: number
  readonly fromMs: number
  readonly toMs: number
  readonly bytesPerMessage: number | null
}

/** What the scene's figure has turned out to be. */
export interface SceneOutcome {
  /** Value or lane of the figure. Null if no lane was measured as the figure says, or if lanes tie. */
  readonly value: number | TransportName | null
  /** Index of the right answer. Null if two answers are equally near, or if no answer fits. */
  readonly right: number | null
  /** Lanes that are too close to tell apart; empty without a tie. */
  readonly tie: readonly TransportName[]
}

/** State of the show. It is the server's: pages only draw it, so a page that reloads shows the same picture. */
export interface ShowState {
  /** Increases with every change. */
  readonly version: number
  /** Room of the feed for this class. `next class` gives a fresh one. */
  readonly room: string
  /** Id of the present scene. */
  readonly scene: string
  readonly step: Step
  /** Time at which the step began. */
  readonly sinceMs: ServerTimeMs
  /** Ids of the scenes that were shown to their end. */
  readonly done: readonly string[]
  /** Number of seats that have voted, and of seats that are here. */
  readonly voted: number
  readonly here: number
  /** Votes for each answer, without the hands. Null while the class predicts, except for the instructor. */
  readonly votes: readonly number[] | null
  /** A show of hands that the instructor typed in, for each answer; null if none. */
  readonly hands: readonly number[] | null
  /**
   * Figures of the stage's lanes in this scene, kept when the run ends; empty before. While the scene runs, only an
   * instructor gets them.
   */
  readonly measured: readonly LaneFigures[]
  /** Null before `explain`, and if nothing was measured. */
  readonly outcome: SceneOutcome | null
  /** The scene's `look` in the run, and its `explain` in `explain`. Only an instructor's page knows them before. */
  readonly sentence?: string
  /** True if the stage is blank. */
  readonly blank: boolean
  /** True if the stage shows the seats' names. */
  readonly names: boolean
  /** Name of the connection that drives the show; null if nobody does. A page compares it with its own `client`. */
  readonly driver: string | null
  /** Addresses at which the class can join, best first, such as `http://192.168.1.20:3000/join`. */
  readonly addresses: readonly string[]
  /** Index of the address that the stage shows. */
  readonly address: number
}

/** What a seat's network does with a transport. */
export interface Preflight {
  readonly transport: TransportName
  /** `held`: two events that were sent one second apart arrived together. */
  readonly found: 'works' | 'refused' | 'held' | 'no answer'
  /** HTTP status of a refusal, if the browser tells it. */
  readonly status?: number
  /** Time in ms from the request to the answer, if it works. */
  readonly ms?: number
}

/** Figures that a phone sends once a second. */
export interface SeatReport {
  /** Transport that carries the phone's lane now. */
  readonly transport: TransportName
  readonly p50Ms: number | null
  readonly n: number
  /** Largest possible error of the phone's clock in ms. */
  readonly boundMs: number | null
  readonly lost: number
  readonly doubled: number
}

/** A seat of the class. A phone keeps its seat by a secret key in the browser's storage. */
export interface Seat {
  /** Number of the seat, from 1. */
  readonly seat: number
  /** Name that the person gave; empty without one. The server leaves it out for others while `names` is false. */
  readonly name: string
  /** Transport that the server dealt to this seat. */
  readonly dealt: TransportName
  /** Reason why another transport carries the lane; null if the dealt one does. Empty if the seat is muted. */
  readonly fellBack: string | null
  readonly here: boolean
  readonly muted: boolean
  readonly preflight: readonly Preflight[]
  /** Null before the first report. */
  readonly report: SeatReport | null
}

/**
 * What a page of the show says to the server, on the lab's connection, as `{"type":"show","say":"follow","seats":true}`.
 * The server knows a page that reconnects by the `page` in the address of its connection.
 */
export type ShowSaying =
  /** Asks for the state, now and after each change. `seats`: also for all seats, at most once a second. */
  | { readonly say: 'follow'; readonly seats: boolean }
  /** Takes the seat of this secret key, or a new one. */
  | { readonly say: 'sit'; readonly key: string; readonly name: string }
  | { readonly say: 'preflight'; readonly found: readonly Preflight[] }
  | { readonly say: 'fell back'; readonly why: string | null }
  | { readonly say: 'report'; readonly report: SeatReport }
  /** Votes for an answer by its index, or takes the vote back. Refused unless the scene predicts. */
  | { readonly say: 'vote'; readonly scene: string; readonly answer: number | null }
  /** An instructor becomes the driver, even in place of another one. */
  | { readonly say: 'take' }
  /**
   * The next three: only the driver, or an instructor if there is no driver, who then becomes the driver. `go` to the
   * present scene and step changes nothing, so it may be repeated.
   */
  | { readonly say: 'go'; readonly scene: string; readonly step: Step }
  | { readonly say: 'stage'; readonly blank?: boolean; readonly names?: boolean; readonly address?: number }
  | { readonly say: 'next class' }
  /** The next two: any instructor. */
  | { readonly say: 'hands'; readonly hands: readonly number[] | null }
  | { readonly say: 'mute' | 'unmute' | 'remove'; readonly seat: number }
  /** The stage's own measurement. Only an instructor's page may send it. */
  | { readonly say: 'measured'; readonly scene: string; readonly lanes: readonly LaneFigures[] }

/** What the server says to a page of the show, as `{"type":"show","tell":"state","state":…}`. */
export type ShowMessage =
  /**
   * Sent once after `follow` and after `sit`, again in another class, and again if the page has become an instructor's.
   * `client` names this page. Only an instructor gets the notes, `look` and `explain` of the scenes. For others these
   * are empty, because they tell the answer; `sentence` of the state gives them when the class gets there.
   */
  | { readonly tell: 'scenes'; readonly client: string; readonly scenes: readonly Scene[] }
  | { readonly tell: 'state'; readonly state: ShowState }
  | { readonly tell: 'seats'; readonly seats: readonly Seat[] }
  /** The page's own seat and vote, after `sit` and after each change. */
  | { readonly tell: 'seat'; readonly seat: Seat; readonly vote: number | null }
  /** The seat was removed by the instructor. The page stops. */
  | { readonly tell: 'removed' }
  /** Another page with the same key, such as a second tab, has taken the seat. This page stops. */
  | { readonly tell: 'taken' }

/** What a page of the show sends over the lab's connection, and what it gets. The lab only hands it over. */
export type ShowRequest = { readonly type: 'show' } & ShowSaying
export type ShowNews = { readonly type: 'show' } & ShowMessage

/** A whole class, as `GET /stage/session.json` gives it. `/stage?play=FILE` replays it without a server. */
export interface ShowSession {
  readonly format: 'fourwire-show-1'
  /** Versions of Fourwire and of Node. */
  readonly fourwire: string
  readonly node: string
  readonly room: string
  /** Times in ms since 1970. */
  readonly beganAtMs: number
  readonly savedAtMs: number
  /** The scenes that were shown to their end, in the order in which they were shown. */
  readonly scenes: readonly ShownScene[]
  /** All seats at the end. Names are included only if the stage showed them. */
  readonly seats: readonly Seat[]
}

export interface ShownScene {
  readonly scene: Scene
  /** Settings of the room and the network at the beginning of the run; null if the scene did not run. */
  readonly settings: Settings | null
  /** State in which the stage explained the scene. */
  readonly state: ShowState
  /** The seats, with their last reports of this scene, and with the texts of the answers that they voted for. */
  readonly seats: readonly (Seat & { readonly vote: string | null })[]
}
