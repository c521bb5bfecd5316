/** Interface of the server side of a transport. */
import type { Access } from '../access/access.ts'
import type { Limiter } from '../access/limits.ts'
import type { Feed } from '../feed/feed.ts'
import type { Presence } from '../feed/presence.ts'
import type { App } from '../http/app-type.ts'
import type { Polls } from './poll.ts'
import type { ProgressWatch } from './progress.ts'

export interface Transport {
  /** Adds the transport's route to the app. */
  serve(app: App, feed: Feed, rules: Rules): Goodbye
}

/** Rules that apply to the clients of every transport. */
export interface Rules {
  /** Limits the requests and connections of each client. */
  readonly limiter: Limiter
  /** Drops clients that do not read. */
  readonly progress: ProgressWatch
  /** Checks the names that a client may use. Ends the connections of a client when the client's session ends. */
  readonly access: Pick<Access, 'owesToken' | 'admit' | 'checkUser' | 'checkSpeaker' | 'onEnd'>
  /** Answers the polls. */
  readonly polls: Polls
  /** Presence of the clients that name a person. */
  readonly presence: Presence
  /** Time between two heartbeats of a stream without events. */
  readonly heartbeatMs: number
  /**
   * Called when the transport itself drops a client. Use only a few different reasons, because each reason becomes a
   * label of a metric.
   */
  dropped(reason: string): void
}

/**
 * Default time between two heartbeats. Proxies and NATs forget a silent connection after a minute, some after half a
 * minute.
 */
export const HEARTBEAT_MS = 15_000

/**
 * Ends all open streams and held polls of a transport. The clients then reconnect with their cursors, after a restart
 * to the next process.
 */
export type Goodbye = () => void
