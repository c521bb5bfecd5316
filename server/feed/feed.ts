/**
 * The feed: rooms of events, each numbered densely, read by cursor. It knows neither HTTP nor
 * any transport; whoever reads it brings a cursor and gets what lies behind it.
 */
import type { Cursor, Draft, Event, PollAnswer } from '../protocol.ts'
import { cursorOf, parseCursor } from './cursor.ts'
import { LogUnavailable } from './log.ts'
import type { Appended, Log, States } from './log.ts'
import { createTurns } from './turns.ts'

export interface Feed {
  /** Names this life of the log; the first half of every cursor. */
  readonly epoch: string

  /**
   * Publishes and resolves after the commit. A repeated key within the retention answers the
   * first event again. Rejects with `RoomsFull` where it would be the first event of a room too many.
   * `state`: what the room's events add up to with this one, committed together with it; null for nothing.
   */
  publish(room: string, draft: Draft, key?: string, state?: string | null): Promise<Appended>

  /** The event that was published with this key, while it is kept. */
  earlier(room: string, key: string): Promise<Event | undefined>

  /** What the last publish with a state left, and the cursor behind which reading goes on from there. */
  state(room: string): Promise<{ readonly text: string | null; readonly cursor: Cursor }>

  /**
   * At most `limit` events behind a cursor, and fewer where they are long. A limit of 0 answers where reading from that cursor
   * begins. Without a cursor: no events and the room's end.
   *
   * A cursor of another epoch, older than what is kept, or ahead of the feed answers `gap: true`
   * and goes on from the earliest event kept. One that does not parse counts as such a cursor:
   * whoever wants to refuse it asks `isCursor` first.
   */
  since(room: string, after: Cursor | undefined, limit: number): Promise<PollAnswer>

  /** The cursor `count` events before the room's end, or the earliest kept. */
  back(room: string, count: number): Promise<Cursor>

  /**
   * Calls `deliver` with everything behind a cursor, what is kept first and then each commit as
   * it comes, once and in order, with no seam between the two. A gap is a batch of its own, with
   * no events and the cursor from which it goes on.
   *
   * A promise that `deliver` returns holds this follower back until it resolves. Nothing is
   * queued for it meanwhile: it reads on from the log where it stopped, so that a slow reader
   * costs no memory, and one that falls behind the retention is told of a gap.
   *
   * When the log cannot be read or `deliver` throws, following ends and `failed` is told: the
   * client has to come back with its cursor. Nobody else's following is touched.
   *
   * Throws `RoomsFull` where nobody else is in the room and too many others have somebody in them.
   */
  follow(room: string, after: Cursor, deliver: Deliver, failed: (error: unknown) => void): () => void

  close(): Promise<void>
}

export type Deliver = (batch: PollAnswer) => Promise<void> | void

/** There are as many rooms as there may be. Those that are there go on. */
export class RoomsFull extends Error {}

export interface FeedOptions {
  /** How many rooms may have somebody in them, and how many may get their first event from this process. */
  readonly rooms?: number
}

export const isCursor = (text: string): boolean => parseCursor(text) !== null

/** Events of a room that are kept in memory as objects: enough for all who keep up, so that they share what is made of them. */
const TAIL_EVENTS = 256

/** How many events a follower that catches up is given at a time. */
const REPLAY_EVENTS = 200

/**
 * How much text goes out at a time, in UTF-8: so much waits for a client that takes nothing,
 * besides what its stream and the kernel hold. One event may be longer.
 */
const BATCH_BYTES = 64 * 1024

/** Batches of long replays in one turn of the event loop: a few ms of work, however many clients come back together. */
const REPLAYS_AT_ONCE = 8

const FIRST_READ_EVENTS = 32

/** Whether rooms have become empty is looked up when their number is used up, and this seldom. */
const EMPTY_CHECK_MS = 60_000

/** A room with somebody in it. When the last one leaves it is forgotten; its events stay in the log. */
interface Room {
  /** The last events, dense up to `head`. */
  tail: readonly Event[]
  /** Seq of the last commit seen by this process; null before the first. */
  head: number | null
  readonly followers: Set<Follower>
  /** Those of them that have everything up to `head` and wait for the next commit. */
  readonly live: Set<Follower>
}

interface Follower {
  /** Seq of the last event delivered. */
  at: number
  stopped: boolean
  readonly deliver: Deliver
  readonly failed: (error: unknown) => void
}

export function createFeed(log: Log, { rooms: mostRooms = Infinity }: FeedOptions = {}): Feed {
  const rooms = new Map<string, Room>()
  /** Rooms that were published to, with events that are kept as far as is known. */
  const written = new Set<string>()
  const replays = createTurns(REPLAYS_AT_ONCE)
  let emptyCheckedAtMs = -Infinity
  const forget = log.onCommit(committed)

  return {
    epoch: log.epoch,
    async publish(room, draft, key, state) {
      if (!written.has(room)) await beginRoom(room)
      if (typeof state === 'string') await beginState(room)
      return log.append(room, wellFormed(draft), key, state)
    },
    earlier: (room, key) => states().earlier(room, key),
    async state(room) {
      const { text, last } = await states().of(room)
      return { text, cursor: cursorOf(log.epoch, last) }
    },
    since,
    async back(room, count) {
      const { first, last } = await log.extent(room)
      return cursorOf(log.epoch, Math.max(first - 1, last - count))
    },
    follow(name, after, deliver, failed) {
      const follower: Follower = { at: 0, stopped: false, deliver, failed }
      roomFor(name).followers.add(follower)
      catchUp(name, follower, after).catch((error) => end(name, follower, error))
      return () => leave(name, follower)
    },
    async close() {
      forget()
      rooms.clear()
      written.clear()
      await log.close()
    },
  }

  async function since(room: string, after: Cursor | undefined, limit: number): Promise<PollAnswer> {
    const { first, last } = await log.extent(room)
    if (after === undefined) return { events: [], cursor: cursorOf(log.epoch, last), gap: false, more: false }
    const { seq, gap } = locate(after, first, last)
    const events = limit === 0 ? [] : await readBatch(room, seq, limit)
    // Between asking for the extent and reading, the oldest events may have been dropped.
    if (events[0] && seqOf(events[0].id) !== seq + 1) return since(room, after, limit)
    const end = seq + events.length
    return { events, cursor: cursorOf(log.epoch, end), gap, more: end < last }
  }

  function locate(after: Cursor, first: number, last: number): { seq: number; gap: boolean } {
    const position = parseCursor(after)
    if (position === 'earliest') return { seq: first - 1, gap: false }
    const known = position?.epoch === log.epoch && position.seq >= first - 1 && position.seq <= last
    return known ? { seq: position.seq, gap: false } : { seq: first - 1, gap: true }
  }

  /** In steps, because texts may be so long that few fit; what is read beyond them was read in vain. */
  async function readBatch(name: string, afterSeq: number, limit: number): Promise<readonly Event[]> {
    let events: readonly Event[] = []
    for (let step = FIRST_READ_EVENTS; events.length < limit; step *= 4) {
      const count = Math.min(step, limit - events.length)
      const next = await read(name, afterSeq + events.length, count)
      const [first] = next
      // Meanwhile the retention may have dropped what was to come next.
      const isSeam = events.length === 0 || (first !== undefined && seqOf(first.id) === afterSeq + events.length + 1)
      if (!isSeam) return events
      events = events.length === 0 ? next : [...events, ...next]
      const batch = firstBatch(events)
      if (batch.length < events.length || next.length < count) return batch
    }
    return events
  }

  /** From the tail where it reaches back far enough, so that equal answers hold the same objects. */
  async function read(name: string, afterSeq: number, limit: number): Promise<readonly Event[]> {
    const room = rooms.get(name)
    if (room?.head != null) {
      const skip = afterSeq - (room.head - room.tail.length)
      if (skip >= 0) return room.tail.slice(skip, skip + limit)
    }
    return log.read(name, afterSeq, limit)
  }

  async function catchUp(name: string, follower: Follower, from: Cursor): Promise<void> {
    let after = from
    while (!follower.stopped) {
      const next = await since(name, after, REPLAY_EVENTS)
      // Told alone, and with the place before what lies behind it.
      const batch = next.gap ? await since(name, after, 0) : next
      if (follower.stopped) return
      after = batch.cursor
      follower.at = seqOf(batch.cursor)
      if (batch.events.length > 0 || batch.gap) {
        await follower.deliver(batch)
        // What the kernel takes at once never comes back to the event loop: everybody else has a turn
        // before the next batch, or one long replay would hold them all up.
        if (batch.more) await replays.next()
        continue
      }
      // Joining and looking at the head happen in one turn: no commit can slip in between.
      const room = roomFor(name)
      if (room.head !== null && room.head !== follower.at) continue
      room.live.add(follower)
      return
    }
  }

  function committed(name: string, events: readonly Event[]): void {
    const last = events.at(-1)
    const room = rooms.get(name)
    if (!last || !room) return
    room.tail = [...room.tail, ...events].slice(-TAIL_EVENTS)
    room.head = seqOf(last.id)
    for (const batch of batchesOf(events)) {
      for (const follower of inRotation(room.live)) hand(name, room, follower, batch)
    }
  }

  function hand(name: string, room: Room, follower: Follower, batch: PollAnswer): void {
    follower.at += batch.events.length
    try {
      const held = follower.deliver(batch)
      if (!held) return
      room.live.delete(follower)
      held
        .then(() => catchUp(name, follower, cursorOf(log.epoch, follower.at)))
        .catch((error) => end(name, follower, error))
    } catch (error) {
      end(name, follower, error)
    }
  }

  function end(name: string, follower: Follower, error: unknown): void {
    if (follower.stopped) return
    leave(name, follower)
    follower.failed(error)
  }

  function leave(name: string, follower: Follower): void {
    follower.stopped = true
    const room = rooms.get(name)
    room?.live.delete(follower)
    room?.followers.delete(follower)
    if (room?.followers.size === 0) rooms.delete(name)
  }

  function roomFor(name: string): Room {
    const known = rooms.get(name)
    if (known) return known
    if (rooms.size >= mostRooms) throw new RoomsFull(`There is somebody in ${mostRooms} rooms already.`)
    const room: Room = { tail: [], head: null, followers: new Set(), live: new Set() }
    rooms.set(name, room)
    return room
  }

  async function beginRoom(name: string): Promise<void> {
    const { last } = await log.extent(name)
    if (last === 0 && written.size >= mostRooms) await forgetEmpty()
    if (last === 0 && written.size >= mostRooms)
      throw new RoomsFull(`${mostRooms} rooms have messages in them already.`)
    written.add(name)
  }

  function states(): States {
    if (!log.states) throw new LogUnavailable('This log keeps no boards.')
    return log.states
  }

  /** They outlive their events, and so they are counted by themselves. */
  async function beginState(name: string): Promise<void> {
    const { text } = await states().of(name)
    if (text === null && (await states().count()) >= mostRooms)
      throw new RoomsFull(`${mostRooms} boards have something on them already.`)
  }

  /** Rooms of which nothing is kept any more make room for others. */
  async function forgetEmpty(): Promise<void> {
    const nowMs = performance.now()
    if (nowMs - emptyCheckedAtMs < EMPTY_CHECK_MS) return
    emptyCheckedAtMs = nowMs
    for (const name of written) {
      const { first, last } = await log.extent(name)
      if (first > last) written.delete(name)
    }
  }
}

function batchesOf(events: readonly Event[]): readonly PollAnswer[] {
  const batches: PollAnswer[] = []
  for (let rest = events; rest.length > 0; rest = rest.slice(batches.at(-1)?.events.length)) {
    const batch = firstBatch(rest)
    batches.push({ events: batch, cursor: batch.at(-1)?.id ?? '', gap: false, more: false })
  }
  return batches
}

/** As many of the first as go out together: all of them, where they are not very long. */
function firstBatch(events: readonly Event[]): readonly Event[] {
  let bytes = 0
  const cut = events.findIndex((event) => (bytes += textBytes(event)) > BATCH_BYTES)
  return cut === -1 ? events : events.slice(0, Math.max(1, cut))
}

function textBytes({ user = '', text = '', task, list }: Event): number {
  const change = task ?? list
  return byteLength(user) + byteLength(text) + (change ? byteLength(JSON.stringify(change)) : 0)
}

const { byteLength } = Buffer

let turn = 0

/** Starts at another follower each time: else the first to come is always the first served. */
function inRotation<T>(set: ReadonlySet<T>): readonly T[] {
  const all = [...set]
  turn = all.length === 0 ? 0 : (turn + 1) % all.length
  return turn === 0 ? all : [...all.slice(turn), ...all.slice(0, turn)]
}

function seqOf(cursor: Cursor): number {
  const position = parseCursor(cursor)
  if (position === null || position === 'earliest') throw new Error(`${cursor} is no position in a feed.`)
  return position.seq
}

/** Half a surrogate pair has no UTF-8: replaced here, once, so that live and replayed events are the same. */
function wellFormed(draft: Draft): Draft {
  return {
    ...draft,
    ...(draft.user !== undefined && { user: draft.user.toWellFormed() }),
    ...(draft.text !== undefined && { text: draft.text.toWellFormed() }),
  }
}
