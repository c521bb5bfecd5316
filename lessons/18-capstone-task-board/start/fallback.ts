/**
 * Decides which transport a page uses: the best one that delivers. It gets reports of what happened, and returns the
 * transports to use. The page opens and closes them. It can replace `web/board/fallback.ts`.
 */
import type { TransportName } from '#server/protocol.ts'

/** All transports, the best first. */
export const ORDER: readonly TransportName[] = ['ws', 'sse', 'long-poll', 'short-poll']

/** How long a transport may deliver nothing, as the current one or in a trial, before the page gives it up. */
export const PATIENCE_MS = 4000

/** The time between two tries of the better transports, if the current one is not the best. */
export const RETRY_MS = 10_000

export interface Fallback {
  /** The transports that may be used, the best first. If the user has chosen one, it is the only one. */
  readonly order: readonly TransportName[]
  readonly current: TransportName
  /** True if the current transport delivers. `sinceMs` is the time at which this became true or false. */
  readonly isLive: boolean
  readonly sinceMs: number
  /** A better transport that is tried beside the current one, or null. `trialSinceMs` is the time at which this was set. */
  readonly trial: TransportName | null
  readonly trialSinceMs: number
  /** The transport that was given up last, and the reason; null if the current one is the best. */
  readonly gaveUp: { readonly transport: TransportName; readonly trouble: string } | null
}

export type Report =
  /** The transport has delivered something. */
  | { readonly is: 'live'; readonly transport: TransportName }
  /** `down`: its connection is lost, and it reconnects by itself. `withheld`: it looks open, but messages are missing. */
  | { readonly is: 'down' | 'withheld'; readonly transport: TransportName; readonly trouble: string }
  /** Time has passed. This report comes four times a second. */
  | { readonly is: 'tick' }

export function startFallback(nowMs: number, only: TransportName | null = null): Fallback {
  const order = only === null ? ORDER : [only]
  const current = order[0] ?? 'ws'
  return { order, current, isLive: false, sinceMs: nowMs, trial: null, trialSinceMs: nowMs, gaveUp: null }
}

/** The state after a report. A report of a transport that is neither current nor tried changes nothing. */
export function step(state: Fallback, report: Report, nowMs: number): Fallback {
  // TODO 5: does the current transport deliver? After PATIENCE_MS without a message, take the next one; after the last
  //         one, take the first. If the current transport withholds messages, take the next one at once.
  // TODO 6: if the current transport works and is not the best, try the better ones beside it, one after the other,
  //         until one of them delivers.
  return state
}
