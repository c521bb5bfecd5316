/**
 * Sessions of people who have signed in. Each session has a random token that only its client knows. The server stores
 * only the hash of the token. So nobody can take over a session with the class's password or with a stolen session
 * file. A name belongs to at most one session at a time. Processes that share a Redis share the sessions. If there is a
 * session file instead, the sessions continue after a restart of the server.
 */
import { createHash, randomBytes } from 'node:crypto'
import { FeedError, quote } from '../http/errors.ts'
import { alone } from '../peers/alone.ts'
import type { Peers } from '../peers/peers.ts'
import { nameKey } from './names.ts'
import type { SessionFile, SessionRecord } from './session-file.ts'
import { entryOf, isSessionEntry, nameEntry, nameIn, readEntry } from './session-records.ts'
import { answerUses, longestUnused } from './session-uses.ts'

export interface Session extends SessionRecord {
  /** Name of the person, or empty if an instructor gave no name. */
  readonly user: string
  /** True if the session has ended or has expired. */
  readonly isOver: boolean
}

export interface Sessions {
  readonly lastsMs: number
  /** Resolves when this process has the sessions of the other processes. */
  readonly ready: Promise<void>
  /**
   * Creates a session for a person. Ends `replaces`, an earlier session of the same client. If another session has the
   * name, rejects with `name-taken` (409); with `displaces`, ends the other session, unless it is an instructor's.
   * Rejects with `LogUnavailable` if Redis is away.
   */
  begin(who: Pick<Session, 'user' | 'isInstructor'>, options?: BeginOptions): Promise<NewSession>
  /**
   * Returns the session to which a token belongs. Throws `wrong-credentials` (401) if this server did not issue the
   * token, and `session-expired` (401) if the session is over.
   */
  read(token: string): Session
  /**
   * Looks in Redis for the session of a token that this process does not know yet, so that `read` can return it. Returns
   * undefined if there is no need. The promise rejects with `LogUnavailable`.
   */
  find(token: string): Promise<void> | undefined
  /** Resolves with the live session that has this hash, or null. Rejects with `LogUnavailable`. */
  ofHash(hash: string): Promise<Session | null>
  /** Returns true if the session is live, and counts this call as a use of the session. */
  use(session: Session): boolean
  /**
   * Ends a session: the server refuses the session's token, frees the session's name, and calls the functions that
   * `onEnd` has received for the session. Resolves when this holds in the other processes too. Rejects with
   * `LogUnavailable` if they get to know it only when Redis is back.
   */
  end(session: Session): Promise<void>
  /** Calls `end` once when the session is over. Returns a function that cancels the call. */
  onEnd(session: Session, end: () => void): () => void
  /** Returns the live session whose name counts as equal to this name (`nameKey`), or null. */
  holderOf(user: string): Session | null
  /** Returns the live sessions of all processes. The session that expires first comes first. */
  live(): readonly Session[]
  /**
   * Clears all timers and writes unsaved changes to the file. Sessions in the file continue when the server starts
   * again.
   */
  stop(): void
}

export interface BeginOptions {
  readonly replaces?: Session | null
  readonly displaces?: boolean
}

export interface NewSession {
  readonly token: string
  readonly session: Session
}

/**
 * Default lifetime of a session: one school day. People have to sign in only once a day, and a forgotten session is
 * useless the next day.
 */
const SESSION_MS = 8 * 60 * 60 * 1000

/**
 * Interval at which the server checks whether a session has expired. Timers stop while the computer sleeps, so each
 * check reads the wall clock again.
 */
const CHECK_MS = 30_000

/**
 * Maximum number of ended sessions that the server remembers. The client of a remembered session gets `session-expired`
 * instead of `wrong-credentials`.
 */
const MOST_OVER = 1000

/**
 * Maximum number of live sessions. If this number is reached, each new session replaces an old one. The server ends the
 * session that has been unused for longest and has no open connection. So a person who signs in under a thousand names
 * cannot end the session of anybody who has an open connection.
 */
const MOST_LIVE = 1000

/**
 * Delay between a change of the sessions and the writing of the file. A class signs in at the same moment, so the
 * server writes several changes together.
 */
const SAVE_MS = 50

/** Number of attempts to get a name while other processes change the sessions of this name. */
const ATTEMPTS = 10

/**
 * Time after its expiry at which a process deletes a session that it finds in Redis. Until then, a process whose clock
 * is late may still use the session, and deletes it itself.
 */
const FORGOTTEN_MS = 60 * 60 * 1000

/**
 * Pattern of a session's token. An instructor's token (tokens.ts) never matches this pattern, although both kinds of
 * token come in the Authorization field.
 */
const TOKEN = /^fws\.[\w-]{43}$/

export const isSessionToken = (token: string): boolean => TOKEN.test(token)

interface Live extends Session {
  isOver: boolean
  readonly ends: Set<() => void>
  /** Time of the last use in this process, by `performance.now()`. */
  usedAtMs: number
  timer: ReturnType<typeof setTimeout> | undefined
}

/**
 * Creates the store of sessions. Without `peers`, no other process shares the sessions. Without a `file` and without
 * `peers`, all sessions end when the process ends.
 */
export function createSessions(lastsMs = SESSION_MS, file: SessionFile | null = null, peers?: Peers): Sessions {
  const processes = peers ?? alone()
  const map = processes.map('sessions')
  const live = new Map<Session, Live>()
  const byHash = new Map<string, Live>()
  const byName = new Map<string, Live>()
  /** Ended sessions by the hashes of their tokens. The session that ended first comes first. */
  const over = new Map<string, SessionRecord>()
  let saving: ReturnType<typeof setTimeout> | undefined
  for (const record of file?.read() ?? []) {
    if (record.untilMs <= Date.now()) continue
    add(record)
    later(map.set(record.hash, entryOf(record, false)))
    if (record.user !== '') later(map.set(nameEntry(record.user), record.hash))
  }
  map.onChange(learn)
  answerUses(processes, (hash) => {
    const session = byHash.get(hash)
    return session ? unusedMs(session) : null
  })

  return {
    lastsMs,
    ready: map.ready,
    begin,
    read(token) {
      const hash = isSessionToken(token) ? hashOf(token) : ''
      const session = byHash.get(hash)
      if (session && session.untilMs > Date.now()) {
        session.usedAtMs = performance.now()
        return session
      }
      if (session) expire(session)
      const ended = over.get(hash)
      // The error does not quote the token, because the token may be right except for one letter.
      if (!ended) throw new FeedError('wrong-credentials', 'The token was not issued by this server.')
      throw new FeedError('session-expired', `The session of ${quote(ended.user)} is over.`)
    },
    find(token) {
      if (!peers || !isSessionToken(token)) return undefined
      const hash = hashOf(token)
      return byHash.has(hash) || over.has(hash) ? undefined : look(hash)
    },
    async ofHash(hash) {
      if (!byHash.has(hash)) await look(hash)
      return byHash.get(hash) ?? null
    },
    use(session) {
      const known = live.get(session)
      if (!known || known.untilMs <= Date.now()) return false
      known.usedAtMs = performance.now()
      return true
    },
    end,
    onEnd(session, end) {
      const ends = live.get(session)?.ends
      ends?.add(end)
      if (!ends) end()
      return () => ends?.delete(end)
    },
    holderOf: (user) => byName.get(nameKey(user)) ?? null,
    live: () => Array.from(live.keys()).toSorted((one, other) => one.untilMs - other.untilMs),
    stop() {
      for (const { timer } of live.values()) clearTimeout(timer)
      if (saving !== undefined) write()
    },
  }

  async function begin(
    { user, isInstructor }: Pick<Session, 'user' | 'isInstructor'>,
    { replaces = null, displaces = false }: BeginOptions = {},
  ): Promise<NewSession> {
    const token = `fws.${randomBytes(32).toString('base64url')}`
    const record = { hash: hashOf(token), user, isInstructor, untilMs: Date.now() + lastsMs }
    const name = user === '' ? null : nameEntry(user)
    let holder: Live | undefined
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const earlier = replaces === null ? undefined : live.get(replaces)
      const held = name === null ? null : (map.get(name) ?? null)
      if (held !== null && !byHash.has(held)) await look(held)
      holder = held === null ? undefined : byHash.get(held)
      const isTaken = holder !== undefined && holder !== earlier && !(displaces && !holder.isInstructor)
      if (!isTaken && !earlier && live.size >= MOST_LIVE) await makeRoom()
      const ended = [...new Set([earlier, holder])].filter((session) => session !== undefined)
      // If the name is taken, this compares the copy with Redis, because the other session may just have ended.
      const changes = isTaken
        ? []
        : [...ended.map(endingOf), { key: record.hash, before: null, after: entryOf(record, false) }]
      const ofName = name === null ? [] : [{ key: name, before: held, after: isTaken ? held : record.hash }]
      if (!(await map.change([...changes, ...ofName]))) continue
      if (isTaken) break
      for (const session of ended) finish(session)
      if (earlier) later(freeName(earlier))
      return { token, session: byHash.get(record.hash) ?? add(record) }
    }
    throw new FeedError('name-taken', `Somebody is already signed in as ${quote(holder?.user ?? user)}.`)
  }

  async function look(hash: string): Promise<void> {
    const text = await map.find(hash)
    if (text !== undefined) learn(hash, text)
  }

  /** Notes an entry that another process has changed, or that was read from Redis again. */
  function learn(key: string, text: string | undefined): void {
    if (!isSessionEntry(key)) return learnName(key, text)
    const known = byHash.get(key)
    // An ended session keeps its entry, so Redis has lost this one.
    if (text === undefined) return known && later(map.add(key, entryOf(known, false)))
    const entry = readEntry(key, text)
    if (!entry) return
    const { record, isOver } = entry
    if (isOver) {
      if (known) finish(known)
      else remember(record)
    } else if (over.has(key)) later(map.set(key, entryOf(record, true)))
    else if (record.untilMs < Date.now() - FORGOTTEN_MS) later(forget(record))
    else if (!known && record.untilMs > Date.now()) meet(record)
  }

  /** Corrects the entry of a name whose session is live: Redis has restarted with older data, or has lost the entry. */
  function learnName(key: string, hash: string | undefined): void {
    const holder = byName.get(nameIn(key))
    if (holder && holder.hash !== hash) later(map.change([{ key, before: hash ?? null, after: holder.hash }]))
  }

  /**
   * Adds a session of another process. If two sessions have the same name, Redis has restarted with older data. Then the
   * earlier one has been ended, and ends again.
   */
  function meet(record: SessionRecord): void {
    const rival = record.user === '' ? undefined : byName.get(nameKey(record.user))
    if (rival && rival.untilMs > record.untilMs) {
      remember(record)
      return later(map.set(record.hash, entryOf(record, true)))
    }
    if (rival) later(end(rival))
    add(record)
  }

  function add(record: SessionRecord): Live {
    const beganMsAgo = Math.max(0, lastsMs - (record.untilMs - Date.now()))
    const usedAtMs = performance.now() - beganMsAgo
    const session: Live = { ...record, isOver: false, ends: new Set(), usedAtMs, timer: undefined }
    live.set(session, session)
    byHash.set(session.hash, session)
    if (session.user !== '') byName.set(nameKey(session.user), session)
    wait(session)
    save()
    return session
  }

  async function makeRoom(): Promise<void> {
    const uses = (isInstructor: boolean) =>
      Array.from(live.values())
        .filter((session) => session.isInstructor === isInstructor)
        .map((session) => ({ hash: session.hash, unusedMs: unusedMs(session) }))
    // The server ends an instructor's session only if it finds no other unused session. Otherwise students could end
    // the instructor's session by signing in often.
    const hash = (await longestUnused(processes, uses(false))) ?? (await longestUnused(processes, uses(true)))
    if (hash === undefined)
      throw new FeedError(
        'too-many-people',
        `${MOST_LIVE} people are signed in already. There is no place for another.`,
      )
    const longest = byHash.get(hash)
    if (longest) await end(longest)
  }

  function wait(session: Live): void {
    const leftMs = session.untilMs - Date.now()
    if (leftMs <= 0) return expire(session)
    session.timer = setTimeout(() => wait(session), Math.min(leftMs, CHECK_MS)).unref()
  }

  function expire(session: Live): void {
    finish(session)
    later(forget(session))
  }

  async function end(session: Session): Promise<void> {
    const ended = live.get(session)
    if (!ended) return
    finish(ended)
    await map.set(ended.hash, entryOf(ended, true))
    await freeName(ended)
  }

  /** Ends a session in this process. */
  function finish(ended: Live): void {
    if (!live.delete(ended)) return
    ended.isOver = true
    clearTimeout(ended.timer)
    byHash.delete(ended.hash)
    if (byName.get(nameKey(ended.user)) === ended) byName.delete(nameKey(ended.user))
    remember(ended)
    save()
    const ends = [...ended.ends]
    ended.ends.clear()
    for (const end of ends) end()
  }

  function remember({ hash, user, isInstructor, untilMs }: SessionRecord): void {
    over.set(hash, { hash, user, isInstructor, untilMs })
    for (const [oldest, record] of over) {
      if (over.size <= MOST_OVER) return
      over.delete(oldest)
      later(forget(record))
    }
  }

  async function forget(record: SessionRecord): Promise<void> {
    await map.set(record.hash, null)
    await freeName(record)
  }

  async function freeName({ hash, user }: SessionRecord): Promise<void> {
    if (user !== '') await map.change([{ key: nameEntry(user), before: hash, after: null }])
  }

  function save(): void {
    if (file) saving ??= setTimeout(write, SAVE_MS)
  }

  function write(): void {
    clearTimeout(saving)
    saving = undefined
    const records = Array.from(live.values(), ({ hash, user, isInstructor, untilMs }) => ({
      hash,
      user,
      isInstructor,
      untilMs,
    }))
    try {
      file?.write(records)
    } catch (error) {
      // If the disk is full, people can still sign in, but they have to sign in again after a restart of the server.
      process.emitWarning(
        `The sessions could not be saved for the next start: ${error instanceof Error ? error.message : error}`,
      )
    }
  }
}

/** Returns the change that ends a session in Redis. */
const endingOf = (session: SessionRecord) => ({
  key: session.hash,
  before: entryOf(session, false),
  after: entryOf(session, true),
})

/** Time since the last use of a session in this process. 0 if it has an open connection. */
const unusedMs = ({ ends, usedAtMs }: Live): number =>
  ends.size > 0 ? 0 : Math.max(0.001, performance.now() - usedAtMs)

/** Lets a change go on without waiting for it. If Redis is away, the map sends the change when Redis is back. */
function later(change: Promise<unknown>): void {
  change.catch(() => {})
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')
