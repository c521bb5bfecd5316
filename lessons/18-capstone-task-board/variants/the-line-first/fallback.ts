/**
 * Which transport a page uses: the best one that delivers. It is told what happened and when, and says what is to be
 * used; opening and closing is the page's. A drop-in for `web/board/fallback.ts`.
 */
import type { TransportName } from '#server/protocol.ts'

/** The best first. */
export const ORDER: readonly TransportName[] = ['ws', 'sse', 'long-poll', 'short-poll']

/** A transport that has brought nothing for so long, be it the current one or one that is tried, has had its time. */
export const PATIENCE_MS = 4000

/** Between two tries of the better ones, where the current one is not the best. */
export const RETRY_MS = 10_000

export interface Fallback {
  /** Those that may be used, the best first. Only one, where the user has chosen it. */
  readonly order: readonly TransportName[]
  readonly current: TransportName
  /** Whether the current one delivers, and since when it does or does not. */
  readonly isLive: boolean
  readonly sinceMs: number
  /** A better one that is tried beside the current one; null while none is. And since when it is tried, or none is. */
  readonly trial: TransportName | null
  readonly trialSinceMs: number
  /** Which was given up last, and why; null on the best one. */
  readonly gaveUp: { readonly transport: TransportName; readonly trouble: string } | null
}

export type Report =
  /** It has brought something. */
  | { readonly is: 'live'; readonly transport: TransportName }
  /** `down`: it was lost, and is coming back by itself. `withheld`: it looks open, and what should have come did not. */
  | { readonly is: 'down' | 'withheld'; readonly transport: TransportName; readonly trouble: string }
  /** Time passes. Comes four times a second. */
  | { readonly is: 'tick' }

export function startFallback(nowMs: number, only: TransportName | null = null): Fallback {
  const order = only === null ? ORDER : [only]
  const current = order[0] ?? 'ws'
  return { order, current, isLive: false, sinceMs: nowMs, trial: null, trialSinceMs: nowMs, gaveUp: null }
}

/** The state behind a report. What comes of a transport that is neither the current one nor tried changes nothing. */
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
