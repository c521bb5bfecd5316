/**
 * Notices requests that wait inside the browser. Over HTTP/1.1, all tabs of a browser together have six connections to
 * a host, and a further request waits. Nothing else can notice this: the page has sent the request, and the server has
 * not received it.
 */
import { now } from '../now.ts'
import type { Lane } from '../lane/lane.ts'
import { transports } from '../transports/index.ts'

export interface Queueing {
  /**
   * Returns for how many ms this lane's request seems to have waited in the browser; null if there is no sign of a
   * wait.
   */
  queuedMs(lane: Lane): number | null
  stop(): void
}

/** A shorter time is work of the browser, not a wait. */
const NOTICEABLE_MS = 10
/**
 * If the server should answer a request at once, but does not answer it for this time while it answers other
 * connections, the request counts as queued.
 */
const STUCK_MS = 1500
/**
 * The lab's WebSocket has its own connection, and the server sends a message on it every 2 s. If it is silent for
 * longer than this, the server may be absent.
 */
const ALIVE_MS = 3000
/** The browser's fetchStart is a little later than the script's call of fetch, but by less than this. */
const SAME_MS = 30

/**
 * Starts to watch. `lateUntilMs` returns the end of the last time in which the page did not run. If the page sent a
 * request before `lateUntilMs`, the request's wait counts only from `lateUntilMs` on.
 */
export function watchQueueing(
  lanes: () => readonly Lane[],
  { heardAtMs, lateUntilMs }: { heardAtMs(): number; lateUntilMs(): number },
): Queueing {
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry instanceof PerformanceResourceTiming) enter(entry, lanes())
    // The browser's buffer holds 250 entries, and takes no more when it is full.
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
 * Stores how long a request waited in the browser: requestStart − fetchStart, without the time for a new connection.
 * The browser creates the entry after it has read the whole body.
 */
function enter(entry: PerformanceResourceTiming, lanes: readonly Lane[]): void {
  const queuedMs = entry.requestStart - entry.fetchStart - (entry.connectEnd - entry.connectStart)
  if (entry.requestStart === 0 || queuedMs < NOTICEABLE_MS) return
  const lane = lanes.find(({ transport }) => new URL(entry.name).pathname.endsWith(`/${transports[transport].path}`))
  const askedAtMs = performance.timeOrigin + entry.fetchStart
  const hasLeftMs = askedAtMs + queuedMs
  // If a connection breaks, the browser may send the request again by itself. The entry then has only the times of the
  // second request.
  if (lane?.marks.cuts.some(({ atMs }) => atMs > askedAtMs && atMs < hasLeftMs + SAME_MS)) return
  const exchange = lane?.marks.exchanges.findLast((mark) => Math.abs(mark.askedAtMs - askedAtMs) < SAME_MS)
  if (exchange) exchange.sentAtMs = Math.min(hasLeftMs, exchange.reachedAtMs ?? Infinity)
}
