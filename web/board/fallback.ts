/**
 * Chooses the transport of a page: the best one that delivers. If one delivers nothing for a while, the next one
 * replaces it. From time to time, a better one is tried in addition to the current one. All functions are pure: they
 * take reports with times, and return the new state.
 */
import type { TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../transports/index.ts'

/** Transports that a page can fall back to, the best first. */
export const ORDER: readonly TransportName[] = Object.values(transports)
  .flatMap(({ name, fallbackRank }) => (fallbackRank === null ? [] : [{ name, fallbackRank }]))
  .toSorted((one, other) => one.fallbackRank - other.fallbackRank)
  .map(({ name }) => name)

export interface Fallback {
  /** Allowed transports, the best first. */
  readonly order: readonly TransportName[]
  readonly current: TransportName
  /** True if the current transport delivers. */
  readonly isLive: boolean
  /** Time at which `isLive` last changed, or the current transport was chosen. */
  readonly sinceMs: number
  /** Last error of the current transport; empty if it reported none. */
  readonly trouble: string
  /** Times at which the current transport was recently lost. */
  readonly lossesAtMs: readonly number[]
  /** A better transport that is tried in addition to the current one. */
  readonly trial: TransportName | null
  readonly trialSinceMs: number
  /** Time of the next trial (`retryAtMs`), and the pause between trials (`retryMs`). */
  readonly retryAtMs: number
  readonly retryMs: number
  /** Transport that was given up last, with the reason; null on the best one. */
  readonly gaveUp: { readonly transport: TransportName; readonly trouble: string } | null
}

export type TransportReport =
  /** The transport delivered something. */
  | { readonly is: 'live'; readonly transport: TransportName }
  | { readonly is: 'down'; readonly transport: TransportName; readonly trouble: string }
  /** An expected event did not arrive: the transport looks open but is useless. */
  | { readonly is: 'withheld'; readonly transport: TransportName; readonly trouble: string }
  /** Time has passed. */
  | { readonly is: 'tick' }

/**
 * Time after which a transport that delivers nothing is given up. A restart of the server with the reconnection after
 * it is shorter. A page that waits longer seems dead.
 */
export const PATIENCE_MS = 4000
const RETRY_MS = 10_000
const LONGEST_RETRY_MS = 5 * 60_000
/** If a transport is lost this often within a minute, something on the network cuts it, and will do so again. */
const LOSSES = 4
const LOSSES_WITHIN_MS = 60_000

/** Initial state. `only` is the user's choice of a single transport, which is then never replaced. */
export function startFallback(nowMs: number, only: TransportName | null = null): Fallback {
  const order = only === null ? ORDER : [only]
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
  // The reason why the better transports failed may be over, so they are tried soon.
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
 * Gives the current transport up for the next one. After the last one it starts again with the best, and uses the
 * first one that works.
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
