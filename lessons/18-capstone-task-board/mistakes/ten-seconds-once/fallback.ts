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
  const { order, current, isLive, sinceMs, trial, gaveUp } = state
  if (report.is === 'tick') {
    if (isLive) return tried(state, nowMs)
    return nowMs - sinceMs < PATIENCE_MS ? state : next(state, `brought nothing in ${PATIENCE_MS / 1000} s`, nowMs)
  }
  const { transport } = report
  if (report.is === 'live') {
    if (transport !== trial && (transport !== current || isLive)) return state
    const given = transport === order[0] ? null : gaveUp
    return { ...state, ...live(nowMs), current: transport, trial: null, gaveUp: given }
  }
  if (transport !== current) return state
  if (report.is === 'withheld') return next(state, report.trouble, nowMs)
  return isLive ? { ...state, isLive: false, sinceMs: nowMs } : state
}

const live = (nowMs: number) => ({ isLive: true, sinceMs: nowMs, trialSinceMs: nowMs })

function next(state: Fallback, trouble: string, nowMs: number): Fallback {
  const { order, current } = state
  const following = order[order.indexOf(current) + 1] ?? order[0] ?? current
  if (following === current) return state
  const gaveUp = following === order[0] ? null : { transport: current, trouble }
  return { ...state, current: following, isLive: false, sinceMs: nowMs, trial: null, gaveUp }
}

/** The best one again, and each that follows it, for as long as that takes; and then none for a while. */
function tried(state: Fallback, nowMs: number): Fallback {
  const { order, current, sinceMs, trial, trialSinceMs } = state
  const better = order.slice(0, order.indexOf(current))
  const isDue = trial === null ? nowMs - sinceMs >= RETRY_MS : nowMs - trialSinceMs >= PATIENCE_MS
  if (better.length === 0 || !isDue) return state
  const following = better[trial === null ? 0 : better.indexOf(trial) + 1] ?? null
  return { ...state, trial: following, trialSinceMs: nowMs }
}
