/** The rooms of the lab: their pages, their metronomes, and the rates of these. */
import type { Feed } from '../feed/feed.ts'
import type { Peers } from '../peers/peers.ts'
import { createMetronome } from './metronome.ts'
import type { Metronome } from './metronome.ts'
import type { LabPage } from './page.ts'

export const DEFAULT_RATE_PER_SECOND = 1

/**
 * Delay before the lab tells the number of pages, so that one message announces all pages that come or go in this time.
 */
const HERE_MS = 200

/**
 * Room of the lab. The metronome of a room runs only while a page is in the room, because only pages show the ticks.
 */
export interface LabRoom {
  readonly name: string
  readonly pages: Set<LabPage>
  readonly metronome: Metronome
  /** Number of pages in the room whose connection gave the name of the page. */
  named: number
  ratePerSecond: number
  telling: ReturnType<typeof setTimeout> | undefined
}

export interface LabRooms {
  /** Returns a room, which is created if it does not exist. */
  of(name: string): LabRoom
  known(name: string): LabRoom | undefined
  all(): Iterable<LabRoom>
  /** Adds a page to a room until its connection closes. */
  enter(room: LabRoom, page: LabPage, pageName: string | undefined): void
  setRate(room: LabRoom, ratePerSecond: number): void
  /** Tells the pages of a room soon how many pages are in it. */
  tellHere(room: LabRoom): void
  /** Deletes a room that has no page and default settings, because an equal one can be created later. */
  forgetIfUnused(room: LabRoom): void
  /** Stops all metronomes and timers. The rooms and their pages stay. */
  rest(): void
}

export interface LabRoomParts {
  readonly feed: Feed
  readonly peers: Peers
  /** Ticks that the metronomes of all rooms may send in total in a second. */
  readonly mostTicksPerSecond: number
  tellHere(room: LabRoom): void
}

export function createLabRooms({ feed, peers, mostTicksPerSecond, tellHere }: LabRoomParts): LabRooms {
  const rooms = new Map<string, LabRoom>()
  const labRooms: LabRooms = {
    of(name) {
      const room = rooms.get(name) ?? {
        name,
        pages: new Set(),
        metronome: createMetronome(feed, name, () => shareOf(name), peers.lease),
        named: 0,
        ratePerSecond: DEFAULT_RATE_PER_SECOND,
        telling: undefined,
      }
      rooms.set(name, room)
      return room
    },
    known: (name) => rooms.get(name),
    all: () => rooms.values(),
    enter(room, page, pageName) {
      page.once('close', () => leave(room, page, pageName))
      room.pages.add(page)
      if (pageName !== undefined) room.named += 1
      if (room.pages.size === 1) room.metronome.setRate(room.ratePerSecond)
      labRooms.tellHere(room)
    },
    setRate(room, ratePerSecond) {
      room.ratePerSecond = ratePerSecond
      if (room.pages.size > 0) room.metronome.setRate(ratePerSecond)
    },
    tellHere(room) {
      room.telling ??= setTimeout(() => {
        room.telling = undefined
        tellHere(room)
      }, HERE_MS)
    },
    forgetIfUnused(room) {
      if (room.pages.size === 0 && room.ratePerSecond === DEFAULT_RATE_PER_SECOND) rooms.delete(room.name)
    },
    rest() {
      for (const room of rooms.values()) rest(room)
    },
  }
  return labRooms

  function leave(room: LabRoom, page: LabPage, pageName: string | undefined): void {
    if (room.pages.delete(page) && pageName !== undefined) room.named -= 1
    if (room.pages.size > 0) return labRooms.tellHere(room)
    // No page is left that needs the number of pages, and the timer would keep a deleted room in memory.
    rest(room)
    labRooms.forgetIfUnused(room)
  }

  function rest(room: LabRoom): void {
    room.metronome.stop()
    clearTimeout(room.telling)
    room.telling = undefined
  }

  /**
   * Returns the share of its ticks that a room may publish, from 0 to 1. Rooms with named pages have priority, so that
   * a client with hundreds of unnamed connections slows down only rooms without a named page.
   */
  function shareOf(name: string): number {
    const { named, unnamed } = wanted()
    return (rooms.get(name)?.named ?? 0) > 0
      ? Math.min(1, mostTicksPerSecond / named)
      : Math.min(1, Math.max(0, mostTicksPerSecond - named) / unnamed)
  }

  /**
   * Returns the sum of the tick rates of all rooms that have a page: of the rooms with a named page, and of the other
   * rooms.
   */
  function wanted(): { named: number; unnamed: number } {
    const sum = { named: 0, unnamed: 0 }
    for (const { pages, named, ratePerSecond } of rooms.values())
      if (pages.size > 0) sum[named > 0 ? 'named' : 'unnamed'] += ratePerSecond
    return sum
  }
}
