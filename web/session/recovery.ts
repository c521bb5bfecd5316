/**
 * Handles a time in which this page or this computer did not run. While nothing ran, connections may have died without
 * an error.
 */
import type { Lab } from '../lab/lab.ts'
import { watchPace } from '../lane/pace.ts'
import type { Pace } from '../lane/pace.ts'
import type { ClockSample } from '../measure/clock.ts'
import { now } from '../now.ts'
import { reach } from '../transports/ask.ts'
import type { Announcer } from './announcer.ts'
import type { SessionLanes } from './lanes.ts'
import { notices } from './notices.ts'
import type { Reconnection } from './reconnection.ts'
import type { ServerClock } from './server-clock.ts'
import type { SandboxSession, Writable } from './session.ts'

export interface Recovery extends Pace {
  /**
   * Checks whether the server answers. If the server does not, open connections may be dead, so every lane reconnects.
   */
  checkServer(): void
  /** Reports whether stamps of the sample may be from before the computer slept. */
  isStale(sample: ClockSample): boolean
  /** Decides from the first new offset whether the computer slept. */
  settle(offsetMs: number): void
}

/**
 * A page that did not run for this long has missed heartbeats of the server, and its connections may have died without
 * an error.
 */
const HEARTBEATS_MS = 30_000
/** If the server's clock seems to have moved by more than this, this computer has slept. */
const SLEPT_MS = 500

export function createRecovery(
  origin: string,
  session: Pick<SandboxSession, 'clock' | 'resting'> & Writable<'lateUntilMs'>,
  lab: () => Lab,
  lanes: SessionLanes,
  clock: ServerClock,
  announcer: Announcer,
  reconnection: Reconnection,
  changed: () => void,
): Recovery {
  /** A jump of `ms` between this computer's clocks. The next clock sample shows whether the computer slept. */
  let suspicion: { readonly atMs: number; readonly ms: number; readonly offsetMs: number | null } | null = null
  const pace = watchPace({ late, movedApart })

  return {
    look: pace.look,
    stop: pace.stop,
    startAgain() {
      suspicion = null
      pace.startAgain()
    },
    checkServer,
    isStale: ({ t0 }) => suspicion !== null && t0 < suspicion.atMs,
    settle(offsetMs) {
      const before = suspicion
      suspicion = null
      if (before !== null && before.offsetMs !== null && Math.abs(offsetMs - before.offsetMs) > SLEPT_MS)
        reconnect(notices.slept(before.ms))
    },
  }

  /**
   * Handles a time in which the page did not run. This computer caused the delay, not the network, so the lanes keep
   * their connections. The figures exclude messages that arrived while the page did not run.
   */
  function late(ms: number): void {
    if (session.resting !== null) return
    session.lateUntilMs = now()
    for (const lane of lanes.all) lane.keepOut(session.lateUntilMs)
    if (lanes.areStarted) announcer.announceBusy(ms)
    if (ms > HEARTBEATS_MS) checkServer()
  }

  /**
   * Handles a jump between this computer's wall clock and monotonic clock. Either the computer slept, or a person set
   * the wall clock. After a sleep, the server's clock seems to have moved too.
   */
  function movedApart(ms: number): void {
    if (session.resting !== null) return
    suspicion = { atMs: now(), ms, offsetMs: clock.offsetMs() }
    session.clock.clear()
    checkServer()
  }

  function checkServer(): void {
    if (lab().check(() => reconnect(notices.unanswered))) return
    void reach(origin).then((why) => why !== null && session.resting === null && reconnect(notices.unanswered))
  }

  function reconnect(sentence: string): void {
    suspicion = null
    reconnection.announce(sentence)
    lanes.wake()
    changed()
  }
}
