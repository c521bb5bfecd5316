/**
 * Sends the show to the pages that follow it. Steps are sent at once, and counts and seats only now and then. A message
 * for many pages is converted to JSON only once.
 */
import { priceOfBytes } from '../access/prices.ts'
import type { ShowMessage } from '../protocol/show.ts'
import type { ShowGuest } from './guest.ts'

export interface Followers {
  /** Begins to send the state to this page, and the seats if it wants them. */
  add(guest: ShowGuest, client: string, wantsSeats: boolean): void
  remove(guest: ShowGuest): void
  /** Tells all pages the state: at once, or soon, together with further changes. */
  changed(isUrgent: boolean): void
  seatsChanged(): void
  /** Tells all pages the scenes again, and the state. */
  begunAgain(): void
  stop(): void
}

/** What pages get. An instructor gets more than others. */
export interface ToldPages {
  scenes(client: string, forInstructor: boolean): ShowMessage
  state(forInstructor: boolean): ShowMessage
  seats(forInstructor: boolean): ShowMessage
}

interface Follower {
  readonly guest: ShowGuest
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
export const WAITING_BYTES = 512 * 1024

export function createFollowers({ countsMs, seatsMs }: FollowerTimes, told: ToldPages): Followers {
  const followers = new Map<ShowGuest, Follower>()
  let counting: ReturnType<typeof setTimeout> | undefined
  let seating: ReturnType<typeof setTimeout> | undefined

  return {
    add(guest, client, wantsSeats) {
      const hasNotes = guest.isInstructor
      followers.set(guest, { guest, client, wantsSeats, hasNotes, isBehind: false })
      say(guest, told.scenes(client, hasNotes))
      say(guest, told.state(hasNotes))
      if (wantsSeats) say(guest, told.seats(hasNotes))
    },
    remove: (guest) => void followers.delete(guest),
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
      const { guest, hasNotes } = follower
      const { isInstructor } = guest
      if (isInstructor !== hasNotes) tellScenes(follower)
      follower.isBehind = guest.waitingBytes > WAITING_BYTES
      if (follower.isBehind) counting ??= setTimeout(tellState, countsMs)
      else send(guest, text(isInstructor))
    }
  }

  function tellScenes(follower: Follower): void {
    const { guest, client } = follower
    follower.hasNotes = guest.isInstructor
    say(guest, told.scenes(client, follower.hasNotes))
  }

  function tellSeats(): void {
    seating = undefined
    const text = once((forInstructor) => told.seats(forInstructor))
    for (const { guest, wantsSeats } of followers.values()) {
      if (!wantsSeats || guest.waitingBytes > WAITING_BYTES) continue
      const seats = text(guest.isInstructor)
      send(guest, seats)
      guest.charge(priceOfBytes(seats.length))
    }
  }
}

export const say = (guest: ShowGuest, message: ShowMessage): void => send(guest, textOf(message))

function send(guest: ShowGuest, text: string): void {
  if (guest.isOpen) guest.send(text)
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
