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
  switch (report.is) {
    case 'live':
      return delivers(state, report.transport, nowMs)
    case 'down':
      return report.transport === state.current && state.isLive ? { ...state, isLive: false, sinceMs: nowMs } : state
    case 'withheld':
      return report.transport === state.current ? follower(state, report.trouble, nowMs) : state
    case 'tick':
      return state.isLive ? lookUp(state, nowMs) : lookAt(state, nowMs)
  }
}

function delivers(state: Fallback, name: TransportName, nowMs: number): Fallback {
  const rank = (one: TransportName) => state.order.indexOf(one)
  const isNews = name === state.current ? !state.isLive : name === state.trial
  if (!isNews) return state
  return {
    ...state,
    current: name,
    isLive: true,
    sinceMs: nowMs,
    trial: null,
    trialSinceMs: nowMs,
    gaveUp: rank(name) === 0 ? null : state.gaveUp,
  }
}

function lookAt(state: Fallback, nowMs: number): Fallback {
  if (nowMs < state.sinceMs + PATIENCE_MS) return state
  return follower(state, 'nothing came', nowMs)
}

function follower(state: Fallback, trouble: string, nowMs: number): Fallback {
  const { order, current } = state
  if (order.length === 1) return state
  const isLast = current === order.at(-1)
  const [first = current] = isLast ? order : order.slice(order.indexOf(current) + 1)
  return {
    ...state,
    current: first,
    isLive: false,
    sinceMs: nowMs,
    trial: null,
    gaveUp: isLast ? null : { transport: current, trouble },
  }
}

/** A try of all better ones takes as many patiences as there are of them, and begins a pause after the one before. */
function lookUp(state: Fallback, nowMs: number): Fallback {
  const { order, current, trial, trialSinceMs } = state
  if (current === order[0]) return state
  if (trial === null)
    return nowMs < trialSinceMs + RETRY_MS ? state : { ...state, trial: order[0] ?? null, trialSinceMs: nowMs }
  if (nowMs < trialSinceMs + PATIENCE_MS) return state
  const following = order[order.indexOf(trial) + 1] ?? current
  return { ...state, trial: following === current ? null : following, trialSinceMs: nowMs }
}
