/** Connects a page to the show: learns the room, opens a session in it, and follows the show through every class. */
import type { Scene, Seat, ShowMessage, ShowSaying, ShowState } from '../../server/protocol/show.ts'
import { clockResolutionMs } from '../lab/resolution.ts'
import { watchWake } from '../lane/wake.ts'
import { now } from '../now.ts'
import { readAddress } from '../session/address.ts'
import { openSession } from '../session/open-session.ts'
import type { SandboxSession, SessionParts } from '../session/session.ts'
import { transports } from '../transports/index.ts'
import { withSentence } from './steps.ts'

/** What a page knows of the show. The members are null or empty before the server has sent them. */
export interface FollowedShow {
  readonly session: SandboxSession | null
  readonly scenes: readonly Scene[]
  readonly state: ShowState | null
  readonly seats: readonly Seat[]
  /** Name of this page in `state.driver`. */
  readonly client: string | null
  /** True if this page may move the show; null before the server has told. */
  readonly isInstructor: boolean | null
  /** Time of the server now; null while the page does not know the server's clock. */
  serverNowMs(): number | null
  say(saying: ShowSaying): void
}

export interface FollowListener {
  /** Called after each change that the page should draw. */
  changed(): void
  /** Called with a sentence of the server, such as the reason for a refusal. */
  told(sentence: string): void
  /** Called with each new session: at the start, and for each class. */
  opened?(session: SandboxSession): void
}

/** Pause before the page asks for the room again, if the server does not answer. */
const RETRY_MS = 1000

/** Follows the show. `lanes`: lanes that the page's session shows, as in `SessionParts`. */
export function followShow(
  parts: Pick<SessionParts, 'shown'> & { readonly wantsSeats: boolean },
  listener: FollowListener,
): FollowedShow {
  let session: SandboxSession | null = null
  let stopWatching = (): void => {}
  let scenes: readonly Scene[] = []
  let state: ShowState | null = null
  let seats: readonly Seat[] = []
  let client: string | null = null
  void enter()

  return {
    get session() {
      return session
    },
    get scenes() {
      return scenes
    },
    get state() {
      return state
    },
    get seats() {
      return seats
    },
    get client() {
      return client
    },
    get isInstructor() {
      return session === null || state === null ? null : session.instructor
    },
    serverNowMs: () => (session?.offsetMs == null ? null : now() + session.offsetMs),
    say: (saying) => session?.say(saying),
  }

  async function enter(): Promise<void> {
    const room = await presentRoom()
    if (room === null) setTimeout(() => void enter(), RETRY_MS)
    else open(room)
  }

  function open(room: string): void {
    stopWatching()
    session?.stop()
    const opened = openSession(
      {
        origin: location.origin,
        address: { ...readAddress(''), room },
        ...(parts.shown && { shown: parts.shown }),
        transports,
        clockResolutionMs: clockResolutionMs(),
      },
      {
        // What happens to single lanes is in the pictures.
        say: () => {},
        refused: (sentence) => listener.told(sentence),
        changed: () => listener.changed(),
        heard: () => {},
        connected: () => opened.say({ say: 'follow', seats: parts.wantsSeats }),
        show: (message) => opened === session && hear(message),
      },
    )
    session = opened
    stopWatching = watchWake(opened)
    listener.opened?.(opened)
    listener.changed()
  }

  function hear(message: ShowMessage): void {
    if (message.tell === 'scenes') ({ client, scenes } = message)
    else if (message.tell === 'seats') ({ seats } = message)
    else if (message.tell === 'state') {
      ;({ state } = message)
      scenes = withSentence(scenes, state)
      if (session && state.room !== session.room) open(state.room)
    }
    listener.changed()
  }
}

async function presentRoom(): Promise<string | null> {
  try {
    const response = await fetch('/show', { cache: 'no-store' })
    if (!response.ok) return null
    const { room }: Pick<ShowState, 'room'> = await response.json()
    return room
  } catch {
    return null
  }
}
