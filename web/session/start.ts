/** Starts the lanes when the lab has sent the time. If the lab does not answer, starts the lanes without a clock. */
import type { AbsenceDetector } from './absence.ts'
import type { SessionLanes } from './lanes.ts'
import { notices } from './notices.ts'
import type { SandboxSession } from './session.ts'

export interface Start {
  /** Waits for the lab. If the lab does not answer, starts the lanes without it. */
  awaitLab(): void
  /** Starts the lanes if they have not started yet. */
  begin(): void
  /** Stops waiting for the lab, and starts the lanes. */
  hurry(): void
  /** Stops waiting for the lab, and starts nothing. */
  cancel(): void
}

/** If the lab does not answer for this time, the lanes start without a clock. */
const LAB_PATIENCE_MS = 3000

export function createStart(
  origin: string,
  session: Pick<SandboxSession, 'room' | 'messages' | 'resting'>,
  lanes: Pick<SessionLanes, 'areStarted' | 'start'>,
  absence: Pick<AbsenceDetector, 'begin'>,
  say: (sentence: string) => void,
): Start {
  let timer: ReturnType<typeof setTimeout> | undefined

  return {
    awaitLab() {
      if (!lanes.areStarted) timer = setTimeout(beginWithoutLab, LAB_PATIENCE_MS)
    },
    begin,
    hurry() {
      if (lanes.areStarted) return
      clearTimeout(timer)
      void beginWithoutLab()
    },
    cancel: () => clearTimeout(timer),
  }

  function begin(): void {
    if (lanes.areStarted) return
    clearTimeout(timer)
    lanes.start()
  }

  /**
   * Starts the lanes at the cursor that a poll returns. The delays stay unknown until the page knows the server's
   * clock.
   */
  async function beginWithoutLab(): Promise<void> {
    try {
      const answer = await fetch(`${origin}/feed/${session.room}/poll`)
      const { cursor }: { cursor: string } = await answer.json()
      if (lanes.areStarted) return
      session.messages.startAt(cursor)
      begin()
      say(notices.noLab)
    } catch {
      absence.begin()
      clearTimeout(timer)
      if (!lanes.areStarted && session.resting === null) timer = setTimeout(beginWithoutLab, LAB_PATIENCE_MS)
    }
  }
}
