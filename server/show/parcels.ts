/**
 * What the process that runs the show, its *host*, and the processes that have the pages send each other. The items of
 * one turn of the event loop travel as one parcel. Parcels are numbered, so that a process notices a lost one. Then the
 * process with the pages begins a new session, in which it says everything again.
 */
import type { ErrorMessage } from '../protocol/feed.ts'
import type { ShowSaying } from '../protocol/show.ts'

export interface Parcel<T> {
  /** Number of the host. A later host has a higher number. */
  readonly host: number
  /** Number of the session that the process with the pages has begun. */
  readonly session: number
  /** Number of the parcel in its session and direction, from 1. */
  readonly n: number
  readonly items: readonly T[]
}

/** What the host has to know about a page. */
export interface GuestFacts {
  readonly id: number
  readonly room: string
  readonly pageName?: string | undefined
  readonly isInstructor: boolean
  /** True if many bytes wait to be sent to the page. */
  readonly isBehind: boolean
}

/** What a process asks the host, and the names of the answers. */
export type HostQuestion = 'state' | 'session'

export type ToHost =
  /** All pages of the process. The host forgets others, and sends a parcel back. */
  | { readonly is: 'pages'; readonly pages: readonly number[] }
  | { readonly is: 'facts'; readonly page: GuestFacts }
  | { readonly is: 'said'; readonly call: number; readonly page: GuestFacts; readonly said: ShowSaying }
  | { readonly is: 'left'; readonly page: number }
  | { readonly is: 'asked'; readonly call: number; readonly question: HostQuestion }

export type FromHost =
  | { readonly is: 'text'; readonly to: number[]; readonly text: string }
  | { readonly is: 'cost'; readonly to: number[]; readonly cost: number }
  | { readonly is: 'unseat'; readonly to: number[] }
  | { readonly is: 'answer'; readonly call: number; readonly error?: ErrorMessage; readonly answer?: unknown }

/** Collects items, and posts those of one turn of the event loop together. */
export interface ParcelBox<T> {
  /** Adds an item. Without one, a parcel without items is posted, unless there are others. */
  add(...items: readonly T[]): void
  readonly last: T | undefined
}

export function createParcelBox<T>(post: (n: number, items: readonly T[]) => void): ParcelBox<T> {
  let waiting: T[] = []
  let isDue = false
  let n = 0
  return {
    get last() {
      return waiting.at(-1)
    },
    add(...items) {
      waiting.push(...items)
      if (isDue) return
      isDue = true
      setImmediate(() => {
        const items = waiting
        waiting = []
        isDue = false
        post((n += 1), items)
      })
    },
  }
}
