/** Announces failures and returns of the lanes. An event that affects all lanes is announced once for all of them. */
import { now } from '../now.ts'
import type { Lane } from '../lane/lane.ts'
import { notices } from './notices.ts'

export interface Announcer {
  /** Announces an event that affects all lanes. For a while after it, sentences about single lanes are left out. */
  announce(sentence: string): void
  /** Announces that a lane failed, or is back. */
  announceLane(lane: Lane): void
  /** Announces that the page did not run for `ms`. */
  announceBusy(ms: number): void
}

const SILENT_MS = 4000
/** A shorter delay is kept out of the figures, but not announced. */
const LEAST_BUSY_MS = 800

export function createAnnouncer(say: (sentence: string) => void): Announcer {
  let silentUntilMs = 0
  /**
   * True if the last announcement said that the computer was busy. It hides no action of the user, so it may be
   * repeated.
   */
  let isBusySaid = false

  return {
    announce,
    announceLane(lane) {
      // A lane that was switched off or rests is out of trouble without being back.
      if (!lane.troubled && (lane.state.is === 'off' || lane.state.is === 'resting')) return
      if (now() > silentUntilMs) say(lane.troubled ? notices.trouble(lane) : notices.back(lane))
    },
    announceBusy(ms) {
      if (ms < LEAST_BUSY_MS || (!isBusySaid && now() <= silentUntilMs)) return
      announce(notices.busy(ms))
      isBusySaid = true
    },
  }

  function announce(sentence: string): void {
    silentUntilMs = now() + SILENT_MS
    isBusySaid = false
    say(sentence)
  }
}
