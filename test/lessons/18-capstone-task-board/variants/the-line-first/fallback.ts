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
  const { order, current, trial } = state
  const at = order.indexOf(current)
  const silentMs = nowMs - state.sinceMs
  const triedMs = nowMs - state.trialSinceMs
  const to = (name: TransportName, change: Partial<Fallback>): Fallback => ({
    ...state,
    current: name,
    sinceMs: nowMs,
    trial: null,
    trialSinceMs: nowMs,
    ...change,
  })
  const down = (trouble: string): Fallback => {
    const i = (at + 1) % order.length
    if (i === at) return state
    return to(order[i] ?? current, { isLive: false, gaveUp: i === 0 ? null : { transport: current, trouble } })
  }

  if (report.is === 'tick') {
    if (!state.isLive) return silentMs >= PATIENCE_MS ? down(`silent for ${silentMs} ms`) : state
    if (at === 0) return state
    const tries = trial === null ? -1 : order.indexOf(trial)
    if (triedMs < (tries < 0 ? RETRY_MS : PATIENCE_MS)) return state
    return { ...state, trial: tries + 1 < at ? (order[tries + 1] ?? null) : null, trialSinceMs: nowMs }
  }
  const isCurrent = report.transport === current
  if (report.is === 'live' && (isCurrent ? !state.isLive : report.transport === trial))
    return to(report.transport, { isLive: true, ...(report.transport === order[0] && { gaveUp: null }) })
  if (report.is === 'withheld' && isCurrent) return down(report.trouble)
  if (report.is === 'down' && isCurrent && state.isLive) return { ...state, isLive: false, sinceMs: nowMs }
  return state
}
