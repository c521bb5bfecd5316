/**
 * A log in Redis, which several processes share. Redis numbers the events of a room, and every process gets the same
 * events in the same order.
 *
 * For a room that somebody watches, the log guarantees: `read` and `extent` return nothing that the listeners have not
 * got yet, and the listeners get every event once and in order. If this is not possible, for example after Redis has
 * lost events, the log calls the listeners of `onBreak` instead.
 */
import { now, shiftClock } from '../now.ts'
import { createRedisPeers } from './redis-peers.ts'
import type { Event } from '../protocol/feed.ts'
import type { WaitingAppend } from '../feed/appends.ts'
import { cursorOf } from '../feed/cursor.ts'
import { KeyReused, fingerprintOf } from '../feed/keys.ts'
import { LogUnavailable, RETENTION, STATE_AGE_MS, StateChanged, removed } from '../feed/log.ts'
import type { Appended, Log, Retention, States } from '../feed/log.ts'
import { clockDifference } from './clock-difference.ts'
import { connectRedis } from './redis-client.ts'
import { redisWork } from './redis-work.ts'
import type { RedisClient, RoomReply, StreamEntry } from './redis-client.ts'
import { openReplicas } from './redis-replicas.ts'
import { eventOf, seqOf, watchRooms } from './redis-rooms.ts'
import type { WatchedRooms } from './redis-rooms.ts'

type Waiting = WaitingAppend & PromiseWithResolvers<Appended>

/** Time between two looks whether Redis is away. A connection that is cut is usually open again before the next look. */
const LOOK_MS = 250

/** Number of events that the log reads at once when it searches for events to remove. */
const PAGE_EVENTS = 500

/**
 * Connects to the Redis at `url`. Rejects with an error that names the URL, without its password, if this Redis cannot
 * be used. Calls `report` with a sentence if Redis is configured to delete events. An append resolves when this number of
 * `replicas` has it.
 *
 * If the reply to an append is lost, the append rejects with `LogUnavailable`, but Redis may have stored the event. A
 * client that sends the same key again gets the stored event.
 */
export async function redisLog(
  url: string,
  retention: Retention = RETENTION,
  report: (sentence: string) => void = () => {},
  replicas = 0,
): Promise<Log> {
  const { events, ageMs, stateAgeMs = STATE_AGE_MS } = retention
  const redis = await connectRedis(url, { events, ageMs: limitOf(ageMs), stateAgeMs: limitOf(stateAgeMs) }, report)
  shiftClock(await clockDifference(() => timeOf(redis), now))
  const committed = new Set<(room: string, events: readonly Event[]) => void>()
  const broken = new Set<(room: string) => void>()
  const rooms = watchRooms(redis, {
    committed: tell,
    broke: (room) => broken.forEach((listener) => listener(room)),
  })
  const troubled = new Set<(trouble: string | null) => void>()
  /** The fault that the last look has found, and whether the listeners know about it. */
  let fault: string | null = null
  let isTold = false
  const looking = setInterval(look, LOOK_MS).unref()
  const peers = createRedisPeers(redis)
  const copies = replicas > 0 ? openReplicas(url, replicas) : null
  let waiting: Waiting[] = []
  const writing = new Set<Promise<void>>()
  let closed = false

  return {
    get epoch() {
      return redis.epoch()
    },
    async append(room, draft, key, state, asked = draft, basedOn) {
      if (closed) throw new LogUnavailable('The log is closed.')
      const result = Promise.withResolvers<Appended>()
      if (waiting.push({ room, draft, at: now(), key, state, asked, basedOn, ...result }) === 1) setImmediate(commit)
      return result.promise
    },
    async read(room, afterSeq, limit) {
      const { epoch, result } = await rooms.ask('look', room, [limit, afterSeq])
      return entriesIn(result).map((entry) => eventOf(room, epoch, entry))
    },
    async extent(room) {
      const { epoch, first, last } = await rooms.ask('look', room, [0, 0])
      return { epoch, first, last }
    },
    async clear(room) {
      // Send the waiting appends first, because callers made these appends before this call.
      commit()
      await rooms.ask('clear', room)
    },
    states: {
      ...readStates(rooms),
      async remove(room, isRemoved) {
        // Send the waiting appends first, because this call may have to remove their events too.
        commit()
        return replaceEvents(rooms, room, isRemoved)
      },
      count: async () => (await redis.states()).length,
      async list() {
        const states = await redis.states()
        return states.map(({ room, text }) => {
          const { at, state } = stateIn(text)
          return { room, bytes: Buffer.byteLength(state), at }
        })
      },
    },
    onCommit(listener) {
      committed.add(listener)
      return () => committed.delete(listener)
    },
    onBreak(listener) {
      broken.add(listener)
      return () => broken.delete(listener)
    },
    watch: rooms.watch,
    trouble: () => redis.trouble() ?? rooms.trouble(),
    onTrouble(listener) {
      troubled.add(listener)
      return () => troubled.delete(listener)
    },
    peers,
    work: (name) => redisWork(redis, peers.own, name),
    connections: () => ({ commands: redis.trouble(), events: rooms.trouble() }),
    async close() {
      commit()
      closed = true
      await Promise.all(writing)
      await peers.leave()
      clearInterval(looking)
      for (const listeners of [committed, broken, troubled]) listeners.clear()
      rooms.stop()
      copies?.close()
      redis.close()
    },
  }

  /** Tells the listeners about a fault that lasts longer than the time between two looks, and about its end. */
  function look(): void {
    const before = fault
    fault = redis.trouble() ?? rooms.trouble()
    const isFault = before !== null && fault !== null
    if (isFault ? isTold : !isTold || fault !== null) return
    isTold = isFault
    for (const listener of troubled) listener(fault)
  }

  function tell(room: string, events: readonly Event[]): void {
    for (const listener of committed) listener(room, events)
  }

  function commit(): void {
    const group = waiting
    waiting = []
    for (const [room, appends] of Map.groupBy(group, (one) => one.room)) {
      const done: Promise<void> = write(room, appends).finally(() => writing.delete(done))
      writing.add(done)
    }
  }

  async function write(room: string, appends: readonly Waiting[]): Promise<void> {
    try {
      if (appends.some(({ state }) => typeof state === 'string')) redis.noteState(room)
      const run = redis.epoch()
      const reply = await rooms.ask('append', room, [appends.length, ...appends.flatMap(argumentsOf)])
      const results = appends.map((append, i) => resultOf(append, reply, i))
      const fresh = results.flatMap((one) => (one instanceof Error || one.repeated ? [] : [one.event]))
      // The listeners have got the events of a watched room already, together with those of other processes.
      if (!rooms.isWatched(room) && fresh.length > 0) tell(room, fresh)
      if (copies) await copies.confirm(run)
      for (const [i, result] of results.entries()) {
        if (result instanceof Error) appends[i]?.reject(result)
        else appends[i]?.resolve(result)
      }
    } catch (error) {
      for (const { reject } of appends) reject(error)
    }
  }
}

/** Returns the time of Redis in ms since 1970. */
async function timeOf(redis: RedisClient): Promise<number> {
  const [seconds, microseconds] = await redis.ask((client) => client.time())
  return Number(seconds) * 1000 + Number(microseconds) / 1000
}

/** Returns the arguments of one append, as the script takes them. */
const argumentsOf = ({ draft, at, key, state, asked, basedOn }: Waiting): string[] => [
  JSON.stringify({ at, ...draft }),
  key === undefined ? '' : ownKey(draft.user, key),
  key === undefined ? '' : fingerprintOf(asked),
  state === null ? '-' : (state ?? ''),
  basedOn ?? '',
]

function resultOf({ room, draft, at, key }: Waiting, { epoch, result }: RoomReply, i: number): Appended | Error {
  const [kind, seq, json] = (result as [kind: string, seq: number, json: string][])[i] ?? ['', 0, '']
  if (kind === 'reused') return new KeyReused(key ?? '', draft.user)
  if (kind === 'stale') return new StateChanged(`The state of ${room} has changed.`)
  if (kind === 'repeated') return { event: eventOf(room, epoch, [`0-${seq}`, ['e', json]]), repeated: true }
  return { event: { id: cursorOf(epoch, seq), room, at, ...draft }, repeated: false }
}

function readStates(rooms: WatchedRooms): Pick<States, 'get' | 'earlier'> {
  return {
    async get(room) {
      const { epoch, last, result } = await rooms.ask('state', room)
      const text = String(result)
      return { epoch, last, text: text === '' ? null : stateIn(text).state }
    },
    async earlier(room, user, key, asked) {
      const { epoch, result } = await rooms.ask('find', room, [ownKey(user, key)])
      if (!isFound(result)) return undefined
      const [fingerprint, seq, json] = result
      if (fingerprint !== fingerprintOf(asked)) throw new KeyReused(key, user)
      return eventOf(room, epoch, [`0-${seq}`, ['e', json]])
    },
  }
}

async function replaceEvents(rooms: WatchedRooms, room: string, isRemoved: (event: Event) => boolean): Promise<number> {
  let count = 0
  for (let after = 0; ;) {
    const { epoch, result } = await rooms.ask('look', room, [PAGE_EVENTS, after])
    const entries = entriesIn(result)
    const last = entries.at(-1)
    if (!last) return count
    after = seqOf(last)
    const changes = entries.flatMap((entry) => {
      const event = eventOf(room, epoch, entry)
      const { id: _id, room: _room, ...rest } = removed(event)
      return isRemoved(event) ? [seqOf(entry), JSON.stringify(rest)] : []
    })
    // If the epoch has changed since the read, the script replaces nothing. Then these events must be read again.
    if (changes.length === 0) continue
    const replaced = await rooms.ask('replace', room, [epoch, ...changes])
    count += Number(replaced.result)
    if (replaced.epoch !== epoch) after = 0
  }
}

type Found = [fingerprint: string, seq: number, json: string]

const isFound = (result: unknown): result is Found => Array.isArray(result) && result.length > 0

const entriesIn = (result: unknown): readonly StreamEntry[] => result as StreamEntry[]

/** Redis stores the time of a state before its text. */
function stateIn(text: string): { readonly at: number; readonly state: string } {
  const end = text.indexOf(' ')
  return { at: Number(text.slice(0, end)), state: text.slice(end + 1) }
}

const ownKey = (user: string | undefined, key: string): string => JSON.stringify([user, key])

/** Returns a limit of time as the scripts take it: 0 means no limit. */
const limitOf = (ms: number): number => (Number.isFinite(ms) ? ms : 0)
