/**
 * Detects requests that wait inside the browser. Over HTTP/1.1 the browser opens six connections to a host, for all
 * of its tabs together, and further requests wait. No other part can detect this: for the page the request is under
 * way, and the server has not received it.
 */
import { now } from '../now.ts'
import type { Lane } from '../lane/lane.ts'
import { transports } from '../transports/index.ts'

export interface Queueing {
  /** Time in ms for which this lane's request seems to have been queued; null if there is no sign of it. */
  queuedMs(lane: Lane): number | null
  stop(): void
}

/** A shorter delay is the browser's own work. */
const NOTICEABLE_MS = 10
/**
 * If a request that needs an immediate response takes this long while the server answers elsewhere, it counts as
 * queued.
 */
const STUCK_MS = 1500
/**
 * The lab's WebSocket has its own connection, and brings a message every 2 s. After this time the server may be
 * absent.
 */
const ALIVE_MS = 3000
/** The browser takes fetchStart a little after the script has called fetch. */
const SAME_MS = 30

/**
 * Starts the detection. `lateUntilMs` is the end of the last time in which the page did not run. A request from that
 * time counts from this end on.
 */
export function watchQueueing(
  lanes: () => readonly Lane[],
  { heardAtMs, lateUntilMs }: { heardAtMs(): number; lateUntilMs(): number },
): Queueing {
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry instanceof PerformanceResourceTiming) enter(entry, lanes())
    // The buffer holds 250 entries and then accepts no more.
    performance.clearResourceTimings()
  })
  observer.observe({ type: 'resource' })

  return {
    queuedMs(lane) {
      const { is, atMs } = lane.state
      const { kind, canPush } = transports[lane.transport]
      const stuck = (is === 'asking' && !canPush) || (is === 'connecting' && kind === 'stream')
      const ms = now() - Math.max(atMs, lateUntilMs())
      return stuck && ms > STUCK_MS && now() - heardAtMs() < ALIVE_MS ? ms : null
    },
    stop() {
      observer.disconnect()
    },
  }
}

/**
 * Notes a queued request. Its time in the queue is requestStart − fetchStart, without the time for a new connection.
 * The browser creates the entry when the body has been read.
 */
function enter(entry: PerformanceResourceTiming, lanes: readonly Lane[]): void {
  const queuedMs = entry.requestStart - entry.fetchStart - (entry.connectEnd - entry.connectStart)
  if (entry.requestStart === 0 || queuedMs < NOTICEABLE_MS) return
  const lane = lanes.find(({ transport }) => new URL(entry.name).pathname.endsWith(`/${transports[transport].path}`))
  const askedAtMs = performance.timeOrigin + entry.fetchStart
  const hasLeftMs = askedAtMs + queuedMs
  // If a connection breaks, the browser repeats the request by itself, and reports only the time of the second one.
  if (lane?.marks.cuts.some(({ atMs }) => atMs > askedAtMs && atMs < hasLeftMs + SAME_MS)) return
  const exchange = lane?.marks.exchanges.findLast((mark) => Math.abs(mark.askedAtMs - askedAtMs) < SAME_MS)
  if (exchange) exchange.sentAtMs = Math.min(hasLeftMs, exchange.reachedAtMs ?? Infinity)
}
