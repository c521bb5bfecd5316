/** Detects that all lanes are back after an event that disconnected them all, and announces it once. */
import { now } from '../now.ts'
import type { Lane } from '../lane/lane.ts'
import { addedRoundTripMs } from './network.ts'
import { notices } from './notices.ts'
import type { SandboxSession } from './session.ts'

export interface Reconnection {
  /**
   * Notes that all lanes are disconnected now: by the lab, by the page itself, or together with the lab's connection.
   */
  disconnected(): void
  /**
   * Announces an event that disconnects all lanes, and later that all are back. With `isLabNeeded`, the lab must be
   * back first.
   */
  announce(sentence: string, isLabNeeded?: boolean): void
  /** Announces `sentence` once all lanes are back since the last call of `disconnected`. */
  announceWhenBack(sentence: () => string): void
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

export function createReconnection(
  session: Pick<SandboxSession, 'conditions' | 'conditionsBefore'>,
  lanes: readonly Lane[],
  announce: (sentence: string) => void,
): Reconnection {
  let disconnectedAtMs = 0
  let awaited: { readonly sentence: () => string; readonly sureAtMs: number; isLabNeeded: boolean } | null = null

  return {
    disconnected,
    announce(sentence, isLabNeeded = false) {
      announce(sentence)
      disconnected()
      announceWhenBack(() => notices.allBack(lanes), isLabNeeded)
    },
    announceWhenBack,
    labIsBack() {
      if (awaited) awaited.isLabNeeded = false
    },
    look() {
      if (!awaited || awaited.isLabNeeded || now() < awaited.sureAtMs) return
      const running = lanes.filter(({ on }) => on)
      if (running.length === 0 || !running.every((lane) => lane.hasReturned(disconnectedAtMs - REPORT_LATE_MS))) return
      const { sentence } = awaited
      awaited = null
      announce(sentence())
    },
    cancel() {
      awaited = null
    },
  }

  function disconnected(): void {
    disconnectedAtMs = now()
  }

  function announceWhenBack(sentence: () => string, isLabNeeded = false): void {
    const { conditions, conditionsBefore } = session
    const addedMs = Math.max(addedRoundTripMs(conditions), addedRoundTripMs(conditionsBefore))
    awaited = { sentence, sureAtMs: disconnectedAtMs + SURE_MS + addedMs, isLabNeeded }
  }
}
