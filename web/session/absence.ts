/** Records the times in which the server answered neither any lane nor the lab's connection. */
import { now } from '../now.ts'
import { reach } from '../transports/ask.ts'
import type { SessionLanes } from './lanes.ts'
import type { SandboxSession, Writable } from './session.ts'

export interface AbsenceDetector {
  /** Notes that the page has lost the lab's connection. */
  labLost(): void
  labIsBack(): void
  /** Checks whether the server is absent. The session calls this after a lane failed or came back. */
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
   * Asks the server for an answer. A network that refuses only upgrades can refuse the lab and some lanes, although the
   * server is present.
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
