/**
 * Which transport a page uses: the best one that delivers. One that delivers nothing for a while is
 * given up for the next, and from time to time a better one is tried beside the one that works.
 * Pure: it is told what happened and when, and says what to use.
 */
import type { TransportName } from '../../server/protocol.ts'

/** The best first. */
export const ORDER: readonly TransportName[] = ['ws', 'sse', 'long-poll', 'short-poll']

export interface Fallback {
  /** Those that may be used, the best first. */
  readonly order: readonly TransportName[]
  readonly current: TransportName
  /** Whether the current one delivers. */
  readonly isLive: boolean
  /** Since when it does, or does not. */
  readonly sinceMs: number
  /** What is wrong with the current one, as far as it said. */
  readonly trouble: string
  /** When the current one was lost, lately. */
  readonly lossesAtMs: readonly number[]
  /** A better one that is tried beside the current one. */
  readonly trial: TransportName | null
  readonly trialSinceMs: number
  /** When the next is tried, and how long after that the one that follows. */
  readonly retryAtMs: number
  readonly retryMs: number
  /** Which was given up last, and why; null on the best one. */
  readonly gaveUp: { readonly transport: TransportName; readonly trouble: string } | null
}

export type Report =
  /** It brought something. */
  | { readonly is: 'live'; readonly transport: TransportName }
  | { readonly is: 'down'; readonly transport: TransportName; readonly trouble: string }
  /** What it should have brought did not come: it looks open and is of no use. */
  | { readonly is: 'withheld'; readonly transport: TransportName; readonly trouble: string }
  /** Time passes. */
  | { readonly is: 'tick' }

/** Longer than a restart of the server and a reconnect after it; a page that waits longer looks dead. */
export const PATIENCE_MS = 4000
const RETRY_MS = 10_000
const LONGEST_RETRY_MS = 5 * 60_000
/** Lost so often within a minute, it is cut by something on the way, and will be again. */
const LOSSES = 4
const LOSSES_WITHIN_MS = 60_000

/** `only`: the user's choice of one transport, which is not left then. */
export function startFallback(nowMs: number, only: TransportName | null = null): Fallback {
  const order = only === null ? ORDER : [only]
  return {
    order,
    current: order[0] ?? 'ws',
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

export function step(state: Fallback, report: Report, nowMs: number): Fallback {
  if (report.is === 'tick') return tried(judged(state, nowMs), nowMs)
  if (report.transport === state.trial) return report.is === 'live' ? rise(state, report.transport, nowMs) : state
  if (report.transport !== state.current) return state
  if (report.is === 'live') return state.isLive ? state : revive(state, nowMs)
  if (report.is === 'withheld') return giveUp({ ...state, trouble: report.trouble }, nowMs)
  return lose(state, report.trouble, nowMs)
}

function revive(state: Fallback, nowMs: number): Fallback {
  const isBest = state.current === state.order[0]
  // Whatever took the better ones away may have been the same, and be over.
  const retryAtMs = isBest ? Infinity : nowMs + state.retryMs
  return { ...state, isLive: true, sinceMs: nowMs, trouble: '', retryAtMs, gaveUp: isBest ? null : state.gaveUp }
}

function lose(state: Fallback, trouble: string, nowMs: number): Fallback {
  if (!state.isLive) return { ...state, trouble }
  const lossesAtMs = [...state.lossesAtMs, nowMs].filter((atMs) => atMs > nowMs - LOSSES_WITHIN_MS)
  const lost = { ...state, isLive: false, sinceMs: nowMs, trouble, lossesAtMs }
  return lossesAtMs.length >= LOSSES ? giveUp({ ...lost, trouble: `lost ${LOSSES} times in a minute` }, nowMs) : lost
}

function judged(state: Fallback, nowMs: number): Fallback {
  return !state.isLive && nowMs - state.sinceMs >= PATIENCE_MS ? giveUp(state, nowMs) : state
}

/** For the next one. Behind the last one it begins anew: then nothing works, and whatever works first will do. */
function giveUp(state: Fallback, nowMs: number): Fallback {
  const [best] = state.order
  const next = state.order[state.order.indexOf(state.current) + 1] ?? best
  if (next === undefined || next === state.current) return state
  const trouble = state.trouble === '' ? `brought nothing in ${PATIENCE_MS / 1000} s` : state.trouble
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
