/**
 * Announces which lanes have failed and which are back. If an event affects all lanes, announces the event once for all
 * lanes.
 */
import { now } from '../now.ts'
import type { Lane } from '../lane/lane.ts'
import { notices } from './notices.ts'

export interface Announcer {
  /**
   * Announces an event that affects all lanes. For a short time after it, the announcer says nothing about single
   * lanes.
   */
  announce(sentence: string): void
  /** Announces that a lane has failed, or that it is back. */
  announceLane(lane: Lane): void
  /** Announces that the page did not run for `ms`. */
  announceBusy(ms: number): void
}

const SILENT_MS = 4000
/** After a shorter delay, the figures exclude the late messages, but the page announces nothing. */
const LEAST_BUSY_MS = 800

export function createAnnouncer(say: (sentence: string) => void): Announcer {
  let silentUntilMs = 0
  /**
   * True if the last announcement said that the computer was busy. A new announcement may replace it at once, because
   * it does not report an action of the user.
   */
  let isBusySaid = false

  return {
    announce,
    announceLane(lane) {
      // If a person switched the lane off, or the lane rests, its trouble is over, but the lane is not back.
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
