/** The people in the room: the person at this page, and the others, whom the lab reports. */
import type { RoomPresence } from '../../server/protocol/feed.ts'
import type { Lab } from '../lab/lab.ts'
import { now } from '../now.ts'
import { sayBy } from '../transports/ask.ts'
import type { SandboxSession, SessionActs, SessionParts, Writable } from './session.ts'

export interface People extends Pick<SessionActs, 'rename' | 'typing'> {
  /** Introduces the person to a new connection of the lab. If the person signed in, the name is `signedInAs`. */
  welcome(signedInAs: string | null): void
  leave(): void
  here(pages: number): void
  presence(presence: RoomPresence): void
}

const NO_NAME = 'anonymous'

/** Interval at which the page reports again that the person types. The server removes each report later than this. */
const TYPING_EVERY_MS = 2000

export function createPeople(
  { origin, person }: Pick<SessionParts, 'origin' | 'person'>,
  client: string,
  session: Pick<SandboxSession, 'room'> & Writable<'person' | 'signedInAs' | 'here' | 'presence'>,
  lab: () => Pick<Lab, 'introduce' | 'typing'>,
): People {
  let typedAtMs = -Infinity
  if (person) session.person = { ...person, name: person.name || NO_NAME, client }

  return {
    welcome(user) {
      if (user !== null && session.person) session.person = { ...session.person, userId: user, name: user }
      session.signedInAs = user
      introduce()
    },
    rename(name) {
      if (!session.person) return
      session.person = { ...session.person, name: name || NO_NAME }
      introduce()
    },
    typing(on) {
      if (!session.person || (on && now() - typedAtMs < TYPING_EVERY_MS)) return
      typedAtMs = on ? now() : -Infinity
      lab().typing(on)
    },
    leave() {
      // When a tab closes, it is hidden first and then has no connection to the lab, so the page reports the leave by
      // POST.
      if (session.person) sayBy({ origin, room: session.room, person: session.person }, 'leave')
    },
    here(pages) {
      session.here = pages
    },
    presence(presence) {
      session.presence = presence
    },
  }

  function introduce(): void {
    if (session.person) lab().introduce(session.person.userId, session.person.name)
  }
}
