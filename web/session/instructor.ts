/** The role of the instructor: whether this page has it, and the actions that only the instructor may take. */
import { claimSession } from '../lab/instructor.ts'
import type { Lab } from '../lab/lab.ts'
import { notices } from './notices.ts'
import type { Reconnection } from './reconnection.ts'
import type { SandboxSession, SessionActs, Writable } from './session.ts'

export interface Instructor extends Pick<SessionActs, 'claim' | 'setRate' | 'setNetwork' | 'cut' | 'restart'> {
  /** Notes whether a new connection of the lab has given this page the role. */
  welcome(isInstructor: boolean): void
  /** Notes that the lab has accepted the token. */
  accepted(): void
  /** Handles an error that the lab reported. The error may be an answer to the token. */
  failed(sentence: string, code: string): void
}

/** Codes of errors with which the lab refuses the role to the person at this page. */
const REFUSALS = ['wrong-token', 'too-many-tries', 'wrong-origin', 'wrong-host']

/** Creates the role. `wantedPerSecond` is the rate that the page sets when it gets the role; null if it sets none. */
export function createInstructor(
  session: Pick<SandboxSession, 'ratePerSecond'> & Writable<'instructor' | 'refusal'>,
  lab: () => Lab,
  reconnection: Reconnection,
  wantedPerSecond: number | null,
  say: (sentence: string) => void,
): Instructor {
  let wanted = wantedPerSecond
  /** Token that the page has sent to the lab and the lab has not answered yet; null if there is none. */
  let claimed: string | null = null

  return {
    claim(token) {
      claimed = token
      lab().claim(token)
    },
    setRate: (ratePerSecond) => lab().set({ ratePerSecond }),
    setNetwork: (conditions) => lab().set({ conditions }),
    cut: (how = 'RST') => lab().cut(how),
    restart() {
      lab().restart()
      reconnection.announce(notices.restart, true)
    },
    welcome(isInstructor) {
      if (isInstructor) lead()
      else follow()
    },
    accepted() {
      if (!session.instructor) say(notices.instructor)
      // The lab gives the role only to its connection. The session cookie gives the role to every page of this browser.
      if (claimed !== null) void claimSession(claimed)
      claimed = null
      lead()
    },
    failed(sentence, code) {
      if (REFUSALS.includes(code)) follow(sentence)
    },
  }

  function lead(): void {
    session.instructor = true
    session.refusal = null
    if (wanted !== null && wanted !== session.ratePerSecond) lab().set({ ratePerSecond: wanted })
    wanted = null
  }

  function follow(refusal = session.refusal): void {
    session.instructor = false
    session.refusal = refusal
    wanted = null
  }
}
