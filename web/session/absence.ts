/** Records the times in which the server answered neither on a lane nor in the lab. */
import { now } from '../now.ts'
import { reach } from '../transports/ask.ts'
import type { SessionLanes } from './lanes.ts'
import type { SandboxSession, Writable } from './session.ts'

export interface AbsenceDetector {
  /** Notes that the lab's connection is lost. */
  labLost(): void
  labIsBack(): void
  /** Checks whether the server is absent, after a lane failed or came back. */
  look(): void
  begin(): void
  end(): void
}

const MOST = 40

export function createAbsenceDetector(
  origin: string,
  session: Pick<SandboxSession, 'resting'> & Writable<'absences' | 'unreachableSinceMs'>,
  lanes: Pick<SessionLanes, 'all' | 'areStarted'>,
  changed: () => void,
): AbsenceDetector {
  let isLabLost = false
  let isAsking = false

  return {
    labLost() {
      isLabLost = true
      look()
    },
    labIsBack() {
      isLabLost = false
    },
    look,
    begin,
    end,
  }

  function look(): void {
    if (isNothingHeard()) void askServer()
    else if (lanes.areStarted) end()
  }

  function isNothingHeard(): boolean {
    if (!lanes.areStarted || !isLabLost || session.resting !== null) return false
    return lanes.all.every((lane) => !lane.on || lane.troubled)
  }

  /**
   * Checks whether the server is absent. A refused lab and refused lanes do not prove it, for example if only
   * upgrades are refused.
   */
  async function askServer(): Promise<void> {
    if (isAsking) return
    isAsking = true
    const why = await reach(origin)
    isAsking = false
    if (why !== null && isNothingHeard()) begin()
    else end()
    changed()
  }

  function begin(): void {
    if (session.unreachableSinceMs !== null) return
    const fromMs = now()
    session.unreachableSinceMs = fromMs
    session.absences = [...session.absences, { fromMs, toMs: null }].slice(-MOST)
  }

  function end(): void {
    if (session.unreachableSinceMs === null) return
    session.unreachableSinceMs = null
    session.absences = session.absences.map((one) => ({ ...one, toMs: one.toMs ?? now() }))
  }
}
