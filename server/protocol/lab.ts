/** Types of the lab: settings, conditions of the network, and the messages on the lab's WebSocket. */
import type { Cursor, ErrorMessage, RoomPresence, ServerTimeMs } from './feed.ts'
import type { Crossing, Inspected, LaneBytes } from './wire.ts'

/**
 * Conditions of the network that the server simulates below HTTP. The same conditions apply to every connection and to
 * both directions. The values 0 and false switch a condition off.
 */
export interface Conditions {
  /** Delay of all bytes in each direction. A new connection takes one round trip more. */
  readonly latencyMs: number
  /** Maximum of the random delay that each packet has in addition to the latency. */
  readonly jitterMs: number
  readonly bandwidthBytesPerSecond: number
  /** Share of the packets that the network loses. TCP sends a lost packet again after a timeout. */
  readonly lossRate: number
  /** Size of a proxy's buffer. The proxy holds back a response until the buffer is full or the response is complete. */
  readonly bufferingBytes: number
  /**
   * Maximum time for which the proxy holds back a byte before the proxy passes on its whole buffer. The value 0 means
   * that there is no time limit.
   */
  readonly bufferingMs: number
  /**
   * If true, the proxy does not hold back a response that has the field `X-Accel-Buffering: no`. The event streams of
   * this server have the field.
   */
  readonly bufferingObeysHeader: boolean
  /** Maximum rate at which a client reads from each of its connections. */
  readonly slowReaderBytesPerSecond: number
  /** Time without any byte in either direction after which the simulated network closes a connection. */
  readonly idleCutMs: number
  /** If true, a simulated firewall refuses requests for WebSockets with 403. */
  readonly firewall: boolean
}

/** How the server cuts open connections: by a FIN, by a reset (RST), or without a notice to either end (black hole). */
export type Cut = 'FIN' | 'RST' | 'black hole'

/** Settings that the instructor can change. */
export interface Settings {
  /** Mean rate of the room's metronome in ticks per second; 0 stops the metronome. */
  readonly ratePerSecond: number
  /** Conditions of the simulated network, which apply to the whole server. */
  readonly conditions: Conditions
}

/** A change of settings, and the body of `PUT /lab/settings?room=…`. Omitted settings stay unchanged. */
export interface SettingsChange {
  readonly ratePerSecond?: number
  readonly conditions?: Partial<Conditions>
}

/** The conditions of a typical network, with a name that people know. */
export interface Preset {
  readonly name: string
  /** A description of this network in one sentence. */
  readonly about: string
  readonly conditions: Conditions
}

/** Messages from a page to the server on the lab's WebSocket, `GET /lab?room=…&page=…`. */
export type LabRequest =
  | { readonly type: 'clock'; readonly t0: number }
  | { readonly type: 'settings'; readonly settings: SettingsChange }
  | { readonly type: 'cut'; readonly how: Cut }
  | { readonly type: 'restart' }
  /** Requests the instructor's rights for this socket. */
  | { readonly type: 'instructor'; readonly token: string }
  /** Requests the recorded bytes of one exchange in a lane of this page. */
  | { readonly type: 'inspect'; readonly exchange: number }
  /** Gives the person who uses this page. After this message, the page gets the presence of the room. */
  | { readonly type: 'here'; readonly userId: string; readonly name: string }
  /** Reports that the person who uses this page types or has stopped typing. */
  | { readonly type: 'typing'; readonly on: boolean }

/** Messages from the server to a page on the lab's WebSocket. */
export type LabMessage =
  | {
      readonly type: 'welcome'
      readonly room: string
      /** Cursor of the room's end when the page connected. The page's lanes begin to read at this cursor. */
      readonly cursor: Cursor
      /** True if this page has the rights of the instructor. */
      readonly instructor: boolean
      /** Name under which the person has signed in. Null if signing in is off, or if an instructor has no name. */
      readonly user: string | null
      readonly settings: Settings
      readonly presets: readonly Preset[]
    }
  /**
   * Answers `clock` with three of the four time stamps of NTP (RFC 5905, section 8). The page adds the fourth stamp.
   */
  | {
      readonly type: 'clock'
      readonly t0: number
      readonly t1: ServerTimeMs
      readonly t2: ServerTimeMs
      /** Median time of the last ticks from the acceptance of a tick until the transports have the tick. */
      readonly serviceMs: number | null
      /** Median time of the last ticks from the scheduled time of a tick until the metronome begins to publish it. */
      readonly slipMs: number | null
    }
  | { readonly type: 'settings'; readonly settings: Settings }
  /** Confirms that the instructor's token was correct, and that the socket has the instructor's rights. */
  | { readonly type: 'instructor'; readonly instructor: true }
  /** Reports that the server has cut the connections of the feed, because a client requested this. */
  | { readonly type: 'cut'; readonly how: Cut; readonly at: ServerTimeMs }
  | { readonly type: 'here'; readonly pages: number }
  /** The presence of the room. Only a page that has sent `here` gets this message. */
  | RoomPresence
  /**
   * Reports that the server has cut a lane of this page, and the reason (`too slow: …`). Only a page that gave `page=…`
   * when it connected gets this message.
   */
  | { readonly type: 'dropped'; readonly lane: string; readonly reason: string; readonly at: ServerTimeMs }
  /**
   * Gives the byte counts of this page's lanes, twice a second. `life`: the id of this run of the server. Only a page
   * that gave `page=…` when it connected gets this message.
   */
  | { readonly type: 'lanes'; readonly life: string; readonly lanes: readonly LaneBytes[] }
  /**
   * Gives the new crossings in this page's lanes in the order of `at`, at most ten times a second. Only a page that
   * gave `page=…` when it connected gets this message.
   */
  | { readonly type: 'wire'; readonly crossings: readonly Crossing[] }
  /** Answers `inspect`. `found` is null if the server no longer keeps the bytes of the exchange. */
  | { readonly type: 'inspected'; readonly exchange: number; readonly found: Inspected | null }
  | ErrorMessage
