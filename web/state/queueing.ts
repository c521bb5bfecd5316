/**
 * Notices requests that wait inside the browser: over HTTP/1.1 it opens six connections to a host,
 * for all of its tabs together, and whoever comes seventh waits. Nobody else can tell: to the page
 * the request is on its way, and the server has not heard of it.
 */
import { now } from '../now.ts'
import type { Lane } from './lane.ts'

export interface Queueing {
  /** For how long this lane's request seems to have been queued, ms; null where nothing points to it. */
  queuedMs(lane: Lane): number | null
  stop(): void
}

/** Below this it is the browser's own work. */
const NOTICEABLE_MS = 10
/** A request that should be answered at once, and is not, while the server does answer elsewhere. */
const STUCK_MS = 1500
/** The lab's WebSocket, which has a connection of its own, speaks every 2 s. */
const ALIVE_MS = 3000
/** fetchStart is taken a little after the script has called fetch. */
const SAME_MS = 30

export function watchQueueing(lanes: readonly Lane[], heardAtMs: () => number): Queueing {
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry instanceof PerformanceResourceTiming) enter(entry, lanes)
    // The buffer holds 250 entries and then takes no more.
    performance.clearResourceTimings()
  })
  observer.observe({ type: 'resource' })

  return {
    queuedMs(lane) {
      const { is, atMs } = lane.state
      const stuck =
        (is === 'asking' && lane.transport === 'short-poll') || (is === 'connecting' && lane.transport === 'sse')
      const ms = now() - atMs
      return stuck && ms > STUCK_MS && now() - heardAtMs() < ALIVE_MS ? ms : null
    },
    stop() {
      observer.disconnect()
    },
  }
}

/** The stall is requestStart − fetchStart, less what a new connection took. An entry appears when its body has been read. */
function enter(entry: PerformanceResourceTiming, lanes: readonly Lane[]): void {
  const queuedMs = entry.requestStart - entry.fetchStart - (entry.connectEnd - entry.connectStart)
  if (entry.requestStart === 0 || queuedMs < NOTICEABLE_MS) return
  const lane = lanes.find(({ transport }) => new URL(entry.name).pathname.endsWith(PATHS[transport]))
  const askedAtMs = performance.timeOrigin + entry.fetchStart
  const hasLeftMs = askedAtMs + queuedMs
  // A browser whose connection breaks asks again by itself, and only the second request's time is told.
  if (lane?.marks.cuts.some(({ atMs }) => atMs > askedAtMs && atMs < hasLeftMs + SAME_MS)) return
  const exchange = lane?.marks.exchanges.findLast((mark) => Math.abs(mark.askedAtMs - askedAtMs) < SAME_MS)
  if (exchange) exchange.sentAtMs = Math.min(hasLeftMs, exchange.reachedAtMs ?? Infinity)
}

const PATHS = { 'short-poll': '/poll', 'long-poll': '/long-poll', sse: '/sse', ws: '/ws' }
