/** Notices when all lanes are back after an event that disconnected all lanes, and announces this once. */
import { now } from '../now.ts'
import type { Lane } from '../lane/lane.ts'
import { addedRoundTripMs } from './network.ts'
import { notices } from './notices.ts'
import type { SandboxSession } from './session.ts'

export interface Reconnection {
  /**
   * Notes that all lanes are disconnected now. The lab disconnected the lanes, or the page did, or the page lost the
   * lanes together with the lab's connection.
   */
  disconnected(): void
  /**
   * Announces an event that disconnects all lanes. Later announces that all lanes are back. If `isLabNeeded` is true,
   * the announcement waits until the lab is back too.
   */
  announce(sentence: string, isLabNeeded?: boolean): void
  /** Announces `sentence` when all lanes are back after the last call of `disconnected`. */
  announceWhenBack(sentence: () => string): void
  labIsBack(): void
  /** Checks whether all lanes are back. The session calls this after each change. */
  look(): void
  /** Cancels the announcement that all lanes are back. */
  cancel(): void
}

/**
 * The lab reports a cut over its own connection. The report may arrive this long after the lanes' connections have
 * ended.
 */
const REPORT_LATE_MS = 1000
/** When the lab has reported a cut, every connection from before the cut ends within a round trip and this time. */
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
