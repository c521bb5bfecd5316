/** Detects that all lanes are back after an event that disconnected them all, and announces it once. */
import { now } from '../now.ts'
import type { Lane } from '../lane/lane.ts'

export interface Reconnection {
  /**
   * Notes that all lanes are disconnected now: by the lab, by the page itself, or together with the lab's connection.
   */
  disconnected(): void
  /**
   * Announces `sentence` once all lanes are back since the last call of `disconnected`. With `isLabNeeded`, the lab must
   * be back first.
   */
  announceWhenBack(sentence: () => string, isLabNeeded?: boolean): void
  labIsBack(): void
  /** Checks whether all lanes are back, after a change. */
  look(): void
  /** Cancels the announcement. */
  cancel(): void
}

/**
 * The lab reports a cut over its own connection, which may be this much later than the end of the lanes' connections.
 */
const REPORT_LATE_MS = 1000
/** After the lab's report, a round trip and this time, every connection from before the cut has ended. */
const SURE_MS = 400

/** Creates the detector. `tripMs` is the time that network conditions add to a round trip. */
export function createReconnection(
  lanes: readonly Lane[],
  tripMs: () => number,
  say: (sentence: string) => void,
): Reconnection {
  let disconnectedAtMs = 0
  let awaited: { readonly sentence: () => string; readonly sureAtMs: number; isLabNeeded: boolean } | null = null

  return {
    disconnected() {
      disconnectedAtMs = now()
    },
    announceWhenBack(sentence, isLabNeeded = false) {
      awaited = { sentence, sureAtMs: disconnectedAtMs + SURE_MS + tripMs(), isLabNeeded }
    },
    labIsBack() {
      if (awaited) awaited.isLabNeeded = false
    },
    look() {
      if (!awaited || awaited.isLabNeeded || now() < awaited.sureAtMs) return
      const running = lanes.filter(({ on }) => on)
      if (running.length === 0 || !running.every((lane) => lane.hasReturned(disconnectedAtMs - REPORT_LATE_MS))) return
      const { sentence } = awaited
      awaited = null
      say(sentence())
    },
    cancel() {
      awaited = null
    },
  }
}
