/** Types of the lab: settings, conditions of the network, and the messages of its WebSocket. */
import type { Cursor, ErrorMessage, RoomPresence, ServerTimeMs } from './feed.ts'
import type { Crossing, Inspected, LaneBytes } from './wire.ts'

/**
 * The state of the network below HTTP, the same for every connection and in both directions. 0 and
 * false are no condition at all.
 */
export interface Conditions {
  /** Each way; a new connection costs a round trip more. */
  readonly latencyMs: number
  /** Up to so much beside the latency, each way, packet by packet. */
  readonly jitterMs: number
  readonly bandwidthBytesPerSecond: number
  /** Share of the packets that TCP has to send again after a timeout. */
  readonly lossRate: number
  /** A proxy holds what is on its way down until it has so many bytes, or the answer is complete … */
  readonly bufferingBytes: number
  /** … or so much time is over since the first byte held. 0 is no such time. */
  readonly bufferingMs: number
  /** The proxy lets an answer through at once that says `X-Accel-Buffering: no`, as this server's event streams do. */
  readonly bufferingObeysHeader: boolean
  /** The client's application reads no faster, on each of its connections. */
  readonly slowReaderBytesPerSecond: number
  /** A connection without a byte in either direction for so long is closed. */
  readonly idleCutMs: number
  /** Refuses WebSockets, with 403. */
  readonly firewall: boolean
}

/** The ways to cut what is open: its end, a reset, or silence that nobody is told of. */
export type Cut = 'FIN' | 'RST' | 'black hole'

/** What the instructor sets. */
export interface Settings {
  /** The metronome's mean rate in ticks per second; 0 stops it. */
  readonly ratePerSecond: number
  /** For the whole server. */
  readonly conditions: Conditions
}

/** What is left out stays as it is; the body of `PUT /lab/settings?room=…` as well. */
export interface SettingsChange {
  readonly ratePerSecond?: number
  readonly conditions?: Partial<Conditions>
}

/** A state of the network that people know by name. */
export interface Preset {
  readonly name: string
  /** What it stands for, in a sentence. */
  readonly about: string
  readonly conditions: Conditions
}

/** Client to server over the lab's WebSocket, `GET /lab?room=…&page=…`. */
export type LabRequest =
  | { readonly type: 'clock'; readonly t0: number }
  | { readonly type: 'settings'; readonly settings: SettingsChange }
  | { readonly type: 'cut'; readonly how: Cut }
  | { readonly type: 'restart' }
  /** From now on this socket is the instructor's, if the token is right. */
  | { readonly type: 'instructor'; readonly token: string }
  /** Shows the bytes of an exchange of one of this page's own lanes. */
  | { readonly type: 'inspect'; readonly exchange: number }
  /** Whose page this is, and how they are called now: from then on it is told who else is here. */
  | { readonly type: 'here'; readonly userId: string; readonly name: string }
  /** The page's person types, or does so no more. */
  | { readonly type: 'typing'; readonly on: boolean }

/** Server to client over the lab's WebSocket. */
export type LabMessage =
  | {
      readonly type: 'welcome'
      readonly room: string
      /** The room's end when the page came in: where its lanes begin. */
      readonly cursor: Cursor
      /** May this client change the settings? */
      readonly instructor: boolean
      /** Under which name it has signed in; null if signing in is off, or for an instructor without a name. */
      readonly user: string | null
      readonly settings: Settings
      readonly presets: readonly Preset[]
    }
  /** NTP's four stamps (RFC 5905, section 8), without the client's last: that one the client adds. */
  | {
      readonly type: 'clock'
      readonly t0: number
      readonly t1: ServerTimeMs
      readonly t2: ServerTimeMs
      /** Median time from accepting a publish to handing it to the transports, over the last ticks. */
      readonly serviceMs: number | null
      /** Median lateness of the metronome against its own schedule, over the last ticks. */
      readonly slipMs: number | null
    }
  | { readonly type: 'settings'; readonly settings: Settings }
  /** The token was right. */
  | { readonly type: 'instructor'; readonly instructor: true }
  /** The feed's connections were cut just now. */
  | { readonly type: 'cut'; readonly how: Cut; readonly at: ServerTimeMs }
  | { readonly type: 'here'; readonly pages: number }
  /** To a page that said whose it is. */
  | RoomPresence
  /** To a page that named itself: the server has cut this lane of it, and says why: `too slow: …`. */
  | { readonly type: 'dropped'; readonly lane: string; readonly reason: string; readonly at: ServerTimeMs }
  /** Twice a second, to a page that named itself: what its own lanes have used. `life` as in `Lanes`. */
  | { readonly type: 'lanes'; readonly life: string; readonly lanes: readonly LaneBytes[] }
  /** Ten times a second, where there are any: what crossed the wire in the page's own lanes, in the order of `at`. */
  | { readonly type: 'wire'; readonly crossings: readonly Crossing[] }
  /** What `inspect` asked for; null where it is no longer kept. */
  | { readonly type: 'inspected'; readonly exchange: number; readonly found: Inspected | null }
  | ErrorMessage
