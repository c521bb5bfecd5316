/** Types of the lab: settings, conditions of the network, and the messages of its WebSocket. */
import type { Cursor, ErrorMessage, RoomPresence, ServerTimeMs } from './feed.ts'
import type { Crossing, Inspected, LaneBytes } from './wire.ts'

/**
 * Conditions of the network below HTTP. They are the same for every connection and in both directions. The values 0
 * and false switch a condition off.
 */
export interface Conditions {
  /** Delay in each direction. A new connection takes one round trip more. */
  readonly latencyMs: number
  /** Maximum random delay of each packet in each direction, in addition to the latency. */
  readonly jitterMs: number
  readonly bandwidthBytesPerSecond: number
  /** Share of the packets that TCP has to send again after a timeout. */
  readonly lossRate: number
  /** A proxy holds back the bytes of a response until it has this many bytes, or until the response is complete. */
  readonly bufferingBytes: number
  /**
   * The proxy also releases the bytes when this time has passed since the first held byte. 0 means that there is no
   * time limit.
   */
  readonly bufferingMs: number
  /**
   * If true, the proxy passes a response on at once if it has the field `X-Accel-Buffering: no`. This server's event
   * streams have this field.
   */
  readonly bufferingObeysHeader: boolean
  /** Maximum rate at which the client's application reads from each of its connections. */
  readonly slowReaderBytesPerSecond: number
  /** A connection is closed when no byte has passed in either direction for this time. */
  readonly idleCutMs: number
  /** If true, requests for WebSockets are refused with 403. */
  readonly firewall: boolean
}

/** Ways to cut open connections: with a FIN, with a reset, or by silence without a notice to either end. */
export type Cut = 'FIN' | 'RST' | 'black hole'

/** Settings that the instructor can change. */
export interface Settings {
  /** Mean rate of the metronome in ticks per second; 0 stops the metronome. */
  readonly ratePerSecond: number
  /** Conditions of the whole server. */
  readonly conditions: Conditions
}

/** Change of settings, also the body of `PUT /lab/settings?room=…`. Omitted settings stay unchanged. */
export interface SettingsChange {
  readonly ratePerSecond?: number
  readonly conditions?: Partial<Conditions>
}

/** Conditions of a network that people know by its name. */
export interface Preset {
  readonly name: string
  /** Description of the network in one sentence. */
  readonly about: string
  readonly conditions: Conditions
}

/** Messages from a page on the lab's WebSocket, `GET /lab?room=…&page=…`. */
export type LabRequest =
  | { readonly type: 'clock'; readonly t0: number }
  | { readonly type: 'settings'; readonly settings: SettingsChange }
  | { readonly type: 'cut'; readonly how: Cut }
  | { readonly type: 'restart' }
  /** Asks for the rights of the instructor for this socket. */
  | { readonly type: 'instructor'; readonly token: string }
  /** Asks for the bytes of an exchange in one of this page's own lanes. */
  | { readonly type: 'inspect'; readonly exchange: number }
  /** Names the person who uses this page. From then on the page gets the presence of the room. */
  | { readonly type: 'here'; readonly userId: string; readonly name: string }
  /** Reports that the page's person types or has stopped typing. */
  | { readonly type: 'typing'; readonly on: boolean }

/** Messages from the server on the lab's WebSocket. */
export type LabMessage =
  | {
      readonly type: 'welcome'
      readonly room: string
      /** Cursor of the room's end when the page connected. The page's lanes begin there. */
      readonly cursor: Cursor
      /** True if this page has the rights of the instructor. */
      readonly instructor: boolean
      /** Name under which the person has signed in. Null if signing in is off, or for an instructor without a name. */
      readonly user: string | null
      readonly settings: Settings
      readonly presets: readonly Preset[]
    }
  /** Three of the four time stamps of NTP (RFC 5905, section 8). The client adds the fourth stamp itself. */
  | {
      readonly type: 'clock'
      readonly t0: number
      readonly t1: ServerTimeMs
      readonly t2: ServerTimeMs
      /** Median time from the acceptance of a tick until the transports have it, over the last ticks. */
      readonly serviceMs: number | null
      /** Median delay of the ticks after their scheduled times, over the last ticks. */
      readonly slipMs: number | null
    }
  | { readonly type: 'settings'; readonly settings: Settings }
  /** Confirms that the token was right. */
  | { readonly type: 'instructor'; readonly instructor: true }
  /** Reports that the feed's connections were cut. */
  | { readonly type: 'cut'; readonly how: Cut; readonly at: ServerTimeMs }
  | { readonly type: 'here'; readonly pages: number }
  /** Presence of the room, for a page that has named its person. */
  | RoomPresence
  /**
   * For a page that has given its name: reports that the server has cut one of its lanes, with the reason (`too slow:
   * …`).
   */
  | { readonly type: 'dropped'; readonly lane: string; readonly reason: string; readonly at: ServerTimeMs }
  /** For a page that has given its name: byte counts of its own lanes, twice a second. `life`: as in `Lanes`. */
  | { readonly type: 'lanes'; readonly life: string; readonly lanes: readonly LaneBytes[] }
  /**
   * For a page that has given its name: new crossings in its own lanes in the order of `at`, at most ten times a
   * second.
   */
  | { readonly type: 'wire'; readonly crossings: readonly Crossing[] }
  /** Answer to `inspect`. `found` is null if the exchange is no longer kept. */
  | { readonly type: 'inspected'; readonly exchange: number; readonly found: Inspected | null }
  | ErrorMessage
