/**
 * Sends the show to the pages that follow it. Steps are sent at once, and counts and seats only now and then. A message
 * for many pages is converted to JSON only once.
 */
import type { Limiter } from '../access/limits.ts'
import { priceOfBytes } from '../access/prices.ts'
import type { LabPage } from '../lab/page.ts'
import type { Visit } from '../lab/visit.ts'
import type { ShowMessage } from '../protocol/show.ts'

export interface Followers {
  /** Begins to send the state to this page, and the seats if it wants them. */
  add(visit: Visit, client: string, wantsSeats: boolean): void
  remove(page: LabPage): void
  /** Tells all pages the state: at once, or soon, together with further changes. */
  changed(isUrgent: boolean): void
  seatsChanged(): void
  /** Tells all pages the scenes again, and the state. */
  begunAgain(): void
  stop(): void
}

/** What pages get. An instructor gets more than others. */
export interface ToldPages {
  isInstructor(visit: Visit): boolean
  scenes(client: string, forInstructor: boolean): ShowMessage
  state(forInstructor: boolean): ShowMessage
  seats(forInstructor: boolean): ShowMessage
}

interface Follower {
  readonly visit: Visit
  readonly client: string
  wantsSeats: boolean
  /** True if the page has the scenes as an instructor gets them. */
  hasNotes: boolean
  /** True if the page has not got the latest state, because it reads too slowly. */
  isBehind: boolean
}

/** Shortest times between two messages about counts, and about seats. */
export interface FollowerTimes {
  readonly countsMs: number
  readonly seatsMs: number
}

/** A page that has so many bytes to read gets its next message later. */
const WAITING_BYTES = 512 * 1024

export function createFollowers(limiter: Limiter, { countsMs, seatsMs }: FollowerTimes, told: ToldPages): Followers {
  const followers = new Map<LabPage, Follower>()
  let counting: ReturnType<typeof setTimeout> | undefined
  let seating: ReturnType<typeof setTimeout> | undefined

  return {
    add(visit, client, wantsSeats) {
      const { page } = visit
      const hasNotes = told.isInstructor(visit)
      followers.set(page, { visit, client, wantsSeats, hasNotes, isBehind: false })
      say(page, told.scenes(client, hasNotes))
      say(page, told.state(hasNotes))
      if (wantsSeats) say(page, told.seats(hasNotes))
    },
    remove: (page) => void followers.delete(page),
    changed(isUrgent) {
      if (isUrgent) tellState()
      else counting ??= setTimeout(tellState, countsMs)
    },
    seatsChanged() {
      seating ??= setTimeout(tellSeats, seatsMs)
    },
    begunAgain() {
      for (const follower of followers.values()) tellScenes(follower)
      tellState()
      seating ??= setTimeout(tellSeats, seatsMs)
    },
    stop() {
      clearTimeout(counting)
      clearTimeout(seating)
    },
  }

  function tellState(): void {
    clearTimeout(counting)
    counting = undefined
    const text = once((forInstructor) => told.state(forInstructor))
    for (const follower of followers.values()) {
      const { visit, hasNotes } = follower
      const isInstructor = told.isInstructor(visit)
      if (isInstructor !== hasNotes) tellScenes(follower)
      follower.isBehind = visit.page.bufferedAmount > WAITING_BYTES
      if (follower.isBehind) counting ??= setTimeout(tellState, countsMs)
      else send(visit.page, text(isInstructor))
    }
  }

  function tellScenes(follower: Follower): void {
    const { visit, client } = follower
    follower.hasNotes = told.isInstructor(visit)
    say(visit.page, told.scenes(client, follower.hasNotes))
  }

  function tellSeats(): void {
    seating = undefined
    const text = once((forInstructor) => told.seats(forInstructor))
    for (const { visit, wantsSeats } of followers.values()) {
      if (!wantsSeats || visit.page.bufferedAmount > WAITING_BYTES) continue
      const seats = text(told.isInstructor(visit))
      send(visit.page, seats)
      limiter.charge(visit.from, priceOfBytes(seats.length))
    }
  }
}

export const say = (page: LabPage, message: ShowMessage): void => send(page, textOf(message))

function send(page: LabPage, text: string): void {
  if (page.readyState === page.OPEN) page.send(text)
}

const textOf = (message: ShowMessage): string => JSON.stringify({ type: 'show', ...message })

/** Returns a function that creates the message for an instructor and the one for others, each at most once. */
function once(messageFor: (forInstructor: boolean) => ShowMessage): (forInstructor: boolean) => string {
  const texts = new Map<boolean, string>()
  return (forInstructor) => {
    const text = texts.get(forInstructor) ?? textOf(messageFor(forInstructor))
    texts.set(forInstructor, text)
    return text
  }
}
