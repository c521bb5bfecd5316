/**
 * Chooses the transport of a page: the best transport that delivers events. If a transport delivers nothing for a
 * while, the next transport replaces it. From time to time, the page tries a better transport while it keeps the
 * current transport. All functions are pure: each function takes a report and a time, and returns the new state.
 */
import type { TransportName } from '../../server/protocol/feed.ts'
import { FALLBACKS } from '../lane/order.ts'

export interface Fallback {
  /** Transports that this page may use, best first. */
  readonly order: readonly TransportName[]
  readonly current: TransportName
  /** True if the current transport delivers events. */
  readonly isLive: boolean
  /** Time of the last change: `isLive` changed, or the page chose the current transport. */
  readonly sinceMs: number
  /** Last error that the current transport reported; empty if the current transport reported none. */
  readonly trouble: string
  /** Recent times at which the page lost the current transport. */
  readonly lossesAtMs: readonly number[]
  /** A better transport that the page tries while it keeps the current transport; null if the page tries none. */
  readonly trial: TransportName | null
  readonly trialSinceMs: number
  /** `retryAtMs`: time of the next trial of a better transport. `retryMs`: pause between two trials. */
  readonly retryAtMs: number
  readonly retryMs: number
  /** Transport that the page gave up last, and the reason; null while the page uses the best transport. */
  readonly gaveUp: { readonly transport: TransportName; readonly trouble: string } | null
}

export type TransportReport =
  /** The transport has delivered something. */
  | { readonly is: 'live'; readonly transport: TransportName }
  | { readonly is: 'down'; readonly transport: TransportName; readonly trouble: string }
  /** An expected event did not arrive, so the transport looks open but delivers nothing. */
  | { readonly is: 'withheld'; readonly transport: TransportName; readonly trouble: string }
  /** Time has passed without another report. */
  | { readonly is: 'tick' }

/**
 * If a transport delivers nothing for this time, the page gives the transport up. A restart of the server, with the
 * reconnection after the restart, takes less time. After a longer wait, a person would think that the page is dead.
 */
export const PATIENCE_MS = 4000
const RETRY_MS = 10_000
const LONGEST_RETRY_MS = 5 * 60_000
/**
 * If the page loses a transport this often within a minute, something on the network cuts the transport, and will cut
 * it again.
 */
const LOSSES = 4
const LOSSES_WITHIN_MS = 60_000

/**
 * Returns the state at the start. `only` is the one transport that the user chose; the page then never replaces this
 * transport.
 */
export function startFallback(nowMs: number, only: TransportName | null = null): Fallback {
  const order = only === null ? FALLBACKS : [only]
  const [best] = order
  if (best === undefined) throw new Error('No transport has a rank for falling back.')
  return {
    order,
    current: best,
    isLive: false,
    sinceMs: nowMs,
    trouble: '',
    lossesAtMs: [],
    trial: null,
    trialSinceMs: nowMs,
    retryAtMs: Infinity,
    retryMs: RETRY_MS,
    gaveUp: null,
  }
}

export function step(state: Fallback, report: TransportReport, nowMs: number): Fallback {
  if (report.is === 'tick') return tried(judged(state, nowMs), nowMs)
  if (report.transport === state.trial) return report.is === 'live' ? rise(state, report.transport, nowMs) : state
  if (report.transport !== state.current) return state
  if (report.is === 'live') return state.isLive ? state : revive(state, nowMs)
  if (report.is === 'withheld') return giveUp({ ...state, trouble: report.trouble }, nowMs)
  return lose(state, report.trouble, nowMs)
}

function revive(state: Fallback, nowMs: number): Fallback {
  const isBest = state.current === state.order[0]
  // The obstacle to the better transports may be gone, so the page tries a better transport after `retryMs`.
  const retryAtMs = isBest ? Infinity : nowMs + state.retryMs
  return { ...state, isLive: true, sinceMs: nowMs, trouble: '', retryAtMs, gaveUp: isBest ? null : state.gaveUp }
}

function lose(state: Fallback, trouble: string, nowMs: number): Fallback {
  if (!state.isLive) return { ...state, trouble }
  const lossesAtMs = [...state.lossesAtMs, nowMs].filter((atMs) => atMs > nowMs - LOSSES_WITHIN_MS)
  const lost = { ...state, isLive: false, sinceMs: nowMs, trouble, lossesAtMs }
  return lossesAtMs.length >= LOSSES
    ? giveUp({ ...lost, trouble: `it was lost ${LOSSES} times in a minute` }, nowMs)
    : lost
}

function judged(state: Fallback, nowMs: number): Fallback {
  return !state.isLive && nowMs - state.sinceMs >= PATIENCE_MS ? giveUp(state, nowMs) : state
}

/**
 * Replaces the current transport by the next worse transport. After the worst transport, the page begins again with the
 * best transport.
 */
function giveUp(state: Fallback, nowMs: number): Fallback {
  const [best] = state.order
  const next = state.order[state.order.indexOf(state.current) + 1] ?? best
  if (next === undefined || next === state.current) return state
  const trouble = state.trouble === '' ? `it delivered nothing in ${PATIENCE_MS / 1000} s` : state.trouble
  return {
    ...state,
    current: next,
    isLive: false,
    sinceMs: nowMs,
    trouble: '',
    lossesAtMs: [],
    trial: state.trial === next ? null : state.trial,
    gaveUp: next === best ? null : { transport: state.current, trouble },
  }
}

function tried(state: Fallback, nowMs: number): Fallback {
  const { order, current, trial } = state
  if (trial === null) {
    const isDue = state.isLive && nowMs >= state.retryAtMs && current !== order[0]
    return isDue ? { ...state, trial: order[0] ?? null, trialSinceMs: nowMs } : state
  }
  if (nowMs - state.trialSinceMs < PATIENCE_MS) return state
  const next = order[order.indexOf(trial) + 1] ?? current
  if (next !== current) return { ...state, trial: next, trialSinceMs: nowMs }
  const retryMs = Math.min(2 * state.retryMs, LONGEST_RETRY_MS)
  return { ...state, trial: null, retryMs, retryAtMs: nowMs + retryMs }
}

function rise(state: Fallback, transport: TransportName, nowMs: number): Fallback {
  const isBest = transport === state.order[0]
  return {
    ...state,
    current: transport,
    isLive: true,
    sinceMs: nowMs,
    trouble: '',
    lossesAtMs: [],
    trial: null,
    retryMs: RETRY_MS,
    retryAtMs: isBest ? Infinity : nowMs + RETRY_MS,
    gaveUp: isBest ? null : state.gaveUp,
  }
}
