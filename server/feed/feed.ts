/**
 * The feed has rooms, and each room has events. The feed numbers the events of a room without holes. A reader gives
 * its cursor to the feed and gets the events after the cursor. The feed knows neither HTTP nor transports.
 */
import type { Cursor, Draft, Event, PollAnswer } from '../protocol/feed.ts'
import { cursorOf, parseCursor } from './cursor.ts'
import { LogUnavailable, removed } from './log.ts'
import type { Appended, Log, States, Watch } from './log.ts'
import { createTurns } from './turns.ts'
import { shareUsedRooms } from './used-rooms.ts'

export interface Feed {
  /** Id of the log's current numbering of events. Every cursor begins with this id, or with the epoch of its room. */
  readonly epoch: string

  /**
   * Publishes an event and resolves after the commit. Rejects with `RoomsFull` if the event needs a new room or a new
   * state, the limit of rooms is reached, and every room is in use.
   *
   * `key`: idempotency key of the draft's user. If the log keeps an earlier event with the same key, nothing is
   * published, and the promise resolves with the earlier event. The promise rejects with `KeyReused` if an earlier
   * request with this key published a different event.
   *
   * `state`: the room's state after this event, for example its board. The log commits the state together with the
   * event. Null is an empty state.
   *
   * `asked`: the request that is compared with the earlier request of the same key. Default: the draft.
   *
   * `basedOn`: cursor of the state from which the caller has computed `state`. If another process has changed the state
   * since, nothing is published, and the promise rejects with `StateChanged`.
   */
  publish(
    room: string,
    draft: Draft,
    key?: string,
    state?: string | null,
    asked?: object,
    basedOn?: Cursor,
  ): Promise<Appended>

  /**
   * Returns the event that the user published with this key, if the log still keeps the event. Rejects with `KeyReused`
   * if the request for that event differs from `asked`.
   */
  earlier(room: string, user: string, key: string, asked: object): Promise<Event | undefined>

  /**
   * Returns true if a client has published to the room since this process started. Returns false if the feed has since
   * removed the room to make space for another room.
   */
  isBegun(room: string): boolean

  /** Returns the latest state of a room, and the cursor of the room's last event. The state includes that event. */
  state(room: string): Promise<{ readonly text: string | null; readonly cursor: Cursor }>

  /**
   * Returns at most `limit` events after a cursor, and fewer if the events are long. If `limit` is 0, the answer has no
   * events, and its cursor is the position where reading would begin. If `after` is undefined, the answer has no
   * events, and its cursor is the room's end.
   *
   * The answer has `gap: true` if the cursor is from another epoch, is older than the kept events, or is ahead of the
   * feed. An answer with a gap begins at the earliest kept event. A malformed cursor counts as a gap too. Callers that
   * want to refuse it check it with `isCursor` first. The feed caches answers: equal calls get the same object, so that
   * a caller can encode the object once for all readers.
   */
  since(room: string, after: Cursor | undefined, limit: number): Promise<PollAnswer>

  /**
   * Returns true if the feed knows without reading the log that the cursor is the room's end. Then `since` would return
   * no events. The feed knows the end of a room that has a follower.
   */
  isAtEnd(room: string, after: Cursor): boolean

  /**
   * Returns the cursor that is `count` events before the room's end. If the room has fewer kept events, returns the
   * cursor before the earliest kept event.
   */
  back(room: string, count: number): Promise<Cursor>

  /**
   * Calls `deliver` with every event after a cursor, once and in order: first the kept events, then the new events. All
   * events of one commit are one batch if they fit, so the server writes once to each client for many events. A gap is
   * a batch without events, and the cursor of this batch is the position where reading continues.
   *
   * If `deliver` returns a promise, the follower gets no batch until the promise resolves. The feed queues no events
   * for a waiting follower: after the wait, the feed reads the missed events from the log. So a slow reader costs no
   * memory. A slow reader gets a gap if the log has deleted events that the reader has not read.
   *
   * If the feed cannot read the log or `deliver` throws, the feed stops this follower and calls `failed`. The client
   * must reconnect with its cursor. Other followers are not affected.
   *
   * Returns a function that stops the follower.
   */
  follow(room: string, after: Cursor, deliver: Deliver, failed: (error: unknown) => void): () => void

  /**
   * Deletes events of a room for good, and then publishes `notice` for the room's readers. Later readers get an event
   * of type `removed` in place of each deleted event. `state`: as for `publish`. Resolves with the number of deleted
   * events. If this number is 0 and the caller gives no `state`, the feed does not publish `notice`.
   */
  remove(room: string, isRemoved: (event: Event) => boolean, notice: Draft, state?: null): Promise<number>

  /** Returns every room that has a state, and every room to which a client has published since this process started. */
  rooms(): Promise<readonly string[]>

  /** See `Log`. */
  readonly onTrouble: Log['onTrouble']

  close(): Promise<void>
}

/**
 * Receives a batch. `history` is a number of events: the log had committed that many events at the start of the batch
 * before the follower came.
 */
export type Deliver = (batch: PollAnswer, history: number) => Promise<void> | void

/**
 * The feed throws this error when the limit of rooms is reached and every room is in use. Existing rooms still work.
 */
export class RoomsFull extends Error {}

export interface FeedOptions {
  /**
   * Maximum number of rooms with kept events, and also the maximum number of rooms with a state. For one more room, the
   * feed deletes the smallest room that has no reader. Of several equally small rooms, the feed deletes the least
   * recently written room.
   */
  readonly rooms?: number
}

export const isCursor = (text: string): boolean => parseCursor(text) !== null

/** How many of a room's latest events the feed keeps in memory. All reads of these events return the same objects. */
const TAIL_EVENTS = 256

/** Number of events in one batch for a follower that catches up. */
const REPLAY_EVENTS = 200

/**
 * Maximum text in one batch, in bytes of UTF-8; a single event may be longer. If a client stops reading, the feed holds
 * at most this many bytes for the client. The client's stream and the kernel can hold further bytes.
 */
const BATCH_BYTES = 64 * 1024

/**
 * Maximum number of replay batches in one turn of the event loop. So replays take only a few ms of each turn, even if
 * many clients reconnect together.
 */
const REPLAYS_AT_ONCE = 8

const FIRST_READ_EVENTS = 32

/**
 * Maximum number of answers that the feed caches for equal calls of `since`: enough for some rooms and a few cursors in
 * each room.
 */
const ANSWERS = 32

/** Shortest time between two searches for empty rooms. The feed searches only when the limit of rooms is reached. */
const EMPTY_CHECK_MS = 60_000

/**
 * A room with followers. The feed deletes this object when the last follower leaves; the room's events stay in the log.
 */
interface Room {
  /** The room's last events, numbered without holes up to `head`. */
  tail: readonly Event[]
  /**
   * Sequence number of the room's last committed event, and the cursor just after this event. Null until a follower has
   * read the log up to its end, or an event is committed while the room has a follower.
   */
  head: number | null
  end: Cursor | null
  readonly followers: Set<Follower>
  /** Followers that have received every event up to `head`. */
  readonly live: Set<Follower>
  /** The log's watch for commits of other processes. */
  readonly watch: Watch | undefined
  /** How often the next events did not continue the events before. */
  breaks: number
}

interface Follower {
  /** Number of the room's last event when the follower came. */
  cameAt: number
  /** Number of the last event that the feed has delivered to this follower, and the epoch of this number. */
  at: number
  epoch: string
  stopped: boolean
  readonly deliver: Deliver
  readonly failed: (error: unknown) => void
}

export function createFeed(log: Log, { rooms: mostRooms = Infinity }: FeedOptions = {}): Feed {
  const rooms = new Map<string, Room>()
  /**
   * Each room to which a client has published, with its number of events. The least recently written room is the first.
   */
  const written = new Map<string, { events: number }>()
  const replays = createTurns(REPLAYS_AT_ONCE)
  /** Answers of `since`, the least recently used first. Each key contains the arguments of the call. */
  const answers = new Map<string, PollAnswer>()
  let emptyCheckedAtMs = -Infinity
  const elsewhere = shareUsedRooms(log.peers, (room) => {
    written.delete(room)
    note(room)
  })
  const forget = log.onCommit(committed)
  const forgetBreaks = log.onBreak?.(broke)

  return {
    get epoch() {
      return log.epoch
    },
    async publish(room, draft, key, state, asked, basedOn) {
      if (typeof state === 'string') await beginState(room)
      if (!written.has(room)) await beginRoom(room)
      return log.append(room, wellFormed(draft), key, state, asked, basedOn)
    },
    earlier: async (...args) => states().earlier(...args),
    isBegun: (room) => written.has(room) || elsewhere.isBegun(room),
    async state(room) {
      const { text, last, epoch = log.epoch } = await states().get(room)
      return { text, cursor: cursorOf(epoch, last) }
    },
    since,
    isAtEnd: (room, after) => rooms.get(room)?.end === after,
    async back(room, count) {
      const { first, last, epoch = log.epoch } = await log.extent(room)
      return cursorOf(epoch, Math.max(first - 1, last - count))
    },
    follow(name, after, deliver, failed) {
      const follower: Follower = { cameAt: 0, at: 0, epoch: '', stopped: false, deliver, failed }
      const room = roomFor(name)
      room.followers.add(follower)
      if (room.head !== null && room.end === after) {
        follower.cameAt = follower.at = room.head
        follower.epoch = epochOf(after)
        room.live.add(follower)
      } else join(name, follower, after).catch((error) => end(name, follower, error))
      return () => leave(name, follower)
    },
    async remove(name, isRemoved, notice, state) {
      const count = await states().remove(name, isRemoved)
      answers.clear()
      const room = rooms.get(name)
      const keep = (event: Event): Event => (isRemoved(event) ? removed(event) : event)
      if (room) room.tail = room.tail.map(keep)
      if (count > 0 || state !== undefined) await log.append(name, notice, undefined, state)
      return count
    },
    async rooms() {
      const withState = (await states().list()).map(({ room }) => room)
      return [...new Set([...withState, ...written.keys(), ...elsewhere.begun()])]
    },
    onTrouble: log.onTrouble,
    async close() {
      forget()
      forgetBreaks?.()
      elsewhere.stop()
      for (const { watch } of rooms.values()) watch?.stop()
      rooms.clear()
      written.clear()
      answers.clear()
      await log.close()
    },
  }

  async function since(room: string, after: Cursor | undefined, limit: number): Promise<PollAnswer> {
    const { first, last, epoch = log.epoch } = await log.extent(room)
    if (after === undefined) return { events: [], cursor: cursorOf(epoch, last), gap: false, more: false }
    const { seq, gap } = locate(after, epoch, first, last)
    const question = `${room} ${epoch} ${seq} ${limit} ${gap} ${last}`
    const known = answers.get(question)
    if (known) return keep(question, known)
    const events = limit === 0 || seq === last ? [] : await readBatch(room, seq, limit)
    // The log may have deleted the oldest events, or begun a new epoch, after `extent` and before `readBatch`.
    if (events[0] && events[0].id !== cursorOf(epoch, seq + 1)) return since(room, after, limit)
    const end = seq + events.length
    const answer = { events, cursor: cursorOf(epoch, end), gap, more: end < last }
    return events.length === 0 ? answer : keep(question, answer)
  }

  function keep(question: string, answer: PollAnswer): PollAnswer {
    answers.delete(question)
    answers.set(question, answer)
    for (const oldest of answers.keys()) if (answers.size > ANSWERS) answers.delete(oldest)
    return answer
  }

  function locate(after: Cursor, epoch: string, first: number, last: number): { seq: number; gap: boolean } {
    const position = parseCursor(after)
    if (position === 'earliest') return { seq: first - 1, gap: false }
    const known = position?.epoch === epoch && position.seq >= first - 1 && position.seq <= last
    return known ? { seq: position.seq, gap: false } : { seq: first - 1, gap: true }
  }

  /**
   * Reads events in growing steps. If the texts are long, only a few events fit into a batch, and the rest of a large
   * read would be wasted.
   */
  async function readBatch(name: string, afterSeq: number, limit: number): Promise<readonly Event[]> {
    let events: readonly Event[] = []
    for (let step = FIRST_READ_EVENTS; events.length < limit; step *= 4) {
      const count = Math.min(step, limit - events.length)
      const next = await read(name, afterSeq + events.length, count)
      const [first] = next
      // The log may have deleted the next event since the previous step.
      const isSeamless =
        events.length === 0 ||
        (first !== undefined && first.id === cursorOf(epochOf(events[0]?.id), afterSeq + events.length + 1))
      if (!isSeamless) return events
      events = events.length === 0 ? next : [...events, ...next]
      const batch = firstBatch(events)
      if (batch.length < events.length || next.length < count) return batch
    }
    return events
  }

  /** Reads events from the room's tail if the tail contains them, so that equal answers share the same objects. */
  async function read(name: string, afterSeq: number, limit: number): Promise<readonly Event[]> {
    const room = rooms.get(name)
    if (room?.head != null) {
      const skip = afterSeq - (room.head - room.tail.length)
      // Events of another process may be in the log and not in the tail yet.
      if (skip >= 0 && skip < room.tail.length) return room.tail.slice(skip, skip + limit)
    }
    return log.read(name, afterSeq, limit)
  }

  async function join(name: string, follower: Follower, after: Cursor): Promise<void> {
    const room = roomFor(name)
    await room.watch?.ready
    follower.cameAt = room.head ?? (await log.extent(name)).last
    await catchUp(name, follower, after)
  }

  async function catchUp(name: string, follower: Follower, from: Cursor): Promise<void> {
    let after = from
    while (!follower.stopped) {
      const { breaks } = roomFor(name)
      const next = await since(name, after, REPLAY_EVENTS)
      // The follower gets a gap as a batch without events. The cursor of this batch is just before the first kept
      // event.
      const batch = next.gap ? await since(name, after, 0) : next
      if (follower.stopped) return
      after = batch.cursor
      follower.at = seqOf(batch.cursor)
      follower.epoch = epochOf(batch.cursor)
      if (batch.events.length > 0 || batch.gap) {
        const newer = Math.max(0, follower.at - follower.cameAt)
        await follower.deliver(batch, Math.max(0, batch.events.length - newer))
        // If `deliver` returns no promise, this `while` loop would keep the event loop of Node waiting. The wait for
        // `next` lets the server serve other clients before the next batch.
        if (batch.more) await replays.next()
        continue
      }
      // The check of `head` and the call of `add` run in the same turn of the event loop, so no commit can come in
      // between.
      const room = roomFor(name)
      if (room.breaks !== breaks || (room.head !== null && room.end !== batch.cursor)) continue
      room.head = follower.at
      room.end = batch.cursor
      room.live.add(follower)
      return
    }
  }

  function committed(name: string, events: readonly Event[]): void {
    const last = events.at(-1)
    use(name, events.length)
    const room = rooms.get(name)
    if (!last || !room) return
    if (events.some(isRemoval)) {
      // Another process has deleted events, which are still in the tail.
      room.tail = []
      answers.clear()
    }
    room.tail = [...room.tail, ...events].slice(-TAIL_EVENTS)
    room.head = seqOf(last.id)
    room.end = last.id
    for (const batch of batchesOf(events)) {
      for (const follower of inRotation(room.live)) hand(name, room, follower, batch)
    }
  }

  function hand(name: string, room: Room, follower: Follower, batch: PollAnswer): void {
    follower.at += batch.events.length
    try {
      const held = follower.deliver(batch, 0)
      if (!held) return
      room.live.delete(follower)
      held
        .then(() => catchUp(name, follower, cursorOf(follower.epoch, follower.at)))
        .catch((error) => end(name, follower, error))
    } catch (error) {
      end(name, follower, error)
    }
  }

  /** Lets every follower continue from its own cursor. If the events after this cursor are lost, it gets a gap. */
  function broke(name: string): void {
    const room = rooms.get(name)
    if (!room) return
    room.breaks += 1
    room.tail = []
    room.head = room.end = null
    for (const follower of room.live) {
      room.live.delete(follower)
      catchUp(name, follower, cursorOf(follower.epoch, follower.at)).catch((error) => end(name, follower, error))
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
    if (room?.followers.size !== 0) return
    rooms.delete(name)
    room.watch?.stop()
    note(name)
  }

  function roomFor(name: string): Room {
    const known = rooms.get(name)
    if (known) return known
    const room: Room = {
      tail: [],
      head: null,
      end: null,
      followers: new Set(),
      live: new Set(),
      watch: log.watch?.(name),
      breaks: 0,
    }
    // Each follower waits for `ready` itself.
    room.watch?.ready.catch(() => {})
    rooms.set(name, room)
    note(name)
    return room
  }

  /** Adds to the number of a room's events, and makes this room the most recently used room. */
  function use(name: string, events: number): void {
    const room = written.get(name)
    if (!room) return
    room.events += events
    written.delete(name)
    written.set(name, room)
  }

  async function beginRoom(name: string): Promise<void> {
    const { first, last } = await log.extent(name)
    const isEmpty = first > last
    if (isEmpty && isFull()) await forgetEmpty()
    if (isEmpty && isFull()) await freeRoom()
    if (!written.has(name)) written.set(name, { events: last - first + 1 })
    note(name)
  }

  /** Returns true if all processes together have begun the maximum number of rooms. */
  function isFull(): boolean {
    return written.size + elsewhere.begun().filter((name) => !written.has(name)).length >= mostRooms
  }

  /** Tells the other processes how this process uses a room. */
  function note(name: string): void {
    elsewhere.note(name, written.has(name), rooms.has(name))
  }

  function isRead(name: string): boolean {
    return rooms.has(name) || elsewhere.isRead(name)
  }

  /**
   * Deletes the smallest room that nobody reads, so that many rooms with one message do not prevent new rooms. A room
   * without a board is deleted before any room with a board.
   */
  async function freeRoom(): Promise<void> {
    const own = [...written].toSorted(([, a], [, b]) => a.events - b.events).map(([name]) => name)
    const unused = [...own, ...elsewhere.begun()].filter((name) => !isRead(name))
    let [least] = unused
    for (const name of unused) {
      if ((await log.states?.get(name))?.text != null) continue
      least = name
      break
    }
    if (least === undefined) throw new RoomsFull(roomsFull())
    await dropRoom(least)
  }

  async function dropRoom(name: string): Promise<void> {
    if (!log.clear) throw new RoomsFull(roomsFull())
    written.delete(name)
    elsewhere.dropped(name)
    note(name)
    for (const question of answers.keys()) if (question.startsWith(`${name} `)) answers.delete(question)
    await log.clear(name)
  }

  function states(): States {
    if (!log.states) throw new LogUnavailable('This log cannot store boards.')
    return log.states
  }

  function roomsFull(): string {
    return `${mostRooms} rooms already have messages.`
  }

  /**
   * Makes space for a new state. The log keeps a state longer than events, so the feed has one count for states and
   * another count for rooms.
   */
  async function beginState(name: string): Promise<void> {
    const { text } = await states().get(name)
    if (text !== null || (await states().count()) < mostRooms) return
    const unused = (await states().list()).filter(({ room }) => !isRead(room))
    const [least] = unused.toSorted((a, b) => a.bytes - b.bytes || a.at - b.at)
    if (!least) throw new RoomsFull(`${mostRooms} boards already have lists or tasks.`)
    await dropRoom(least.room)
  }

  /** Removes from `written` each room of which the log keeps no event. */
  async function forgetEmpty(): Promise<void> {
    const nowMs = performance.now()
    if (nowMs - emptyCheckedAtMs < EMPTY_CHECK_MS) return
    emptyCheckedAtMs = nowMs
    for (const name of written.keys()) {
      const { first, last } = await log.extent(name)
      if (first <= last) continue
      written.delete(name)
      note(name)
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

/** Returns as many of the first events as fit into one batch, but at least one event. */
function firstBatch(events: readonly Event[]): readonly Event[] {
  let bytes = 0
  const cut = events.findIndex((event) => (bytes += textBytes(event)) > BATCH_BYTES)
  return cut === -1 ? events : events.slice(0, Math.max(1, cut))
}

function textBytes(event: Event): number {
  if (event.type === 'message') return byteLength(event.user) + byteLength(event.text)
  const change = event.task ?? event.list
  return byteLength(event.user ?? '') + (change ? byteLength(JSON.stringify(change)) : 0)
}

const { byteLength } = Buffer

let turn = 0

/**
 * Returns the members of a set, and begins with another member at each call, so that the feed does not always serve the
 * same follower first.
 */
function inRotation<T>(set: ReadonlySet<T>): readonly T[] {
  const all = [...set]
  turn = all.length === 0 ? 0 : (turn + 1) % all.length
  return turn === 0 ? all : [...all.slice(turn), ...all.slice(0, turn)]
}

/** Types of events that say that earlier events have been deleted. */
const REMOVALS: readonly string[] = ['message_removed', 'room_cleared', 'board_deleted']

const isRemoval = ({ type }: Event): boolean => REMOVALS.includes(type)

const epochOf = (cursor = ''): string => cursor.slice(0, cursor.indexOf('.'))

function seqOf(cursor: Cursor): number {
  const position = parseCursor(cursor)
  if (position === null || position === 'earliest') throw new Error(`${cursor} is not a position in a feed.`)
  return position.seq
}

/** Replaces lone surrogates because UTF-8 cannot encode them. So followers and later readers get the same text. */
function wellFormed(draft: Draft): Draft {
  if (draft.type === 'message') return { ...draft, user: draft.user.toWellFormed(), text: draft.text.toWellFormed() }
  return draft.user === undefined ? draft : { ...draft, user: draft.user.toWellFormed() }
}
