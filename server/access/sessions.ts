/**
 * Sessions of people who have signed in. Each session has a random token that only its client knows. The server stores
 * only the hash of the token. So nobody can take over a session with the class's password or with a stolen session
 * file. A name belongs to at most one session at a time. If there is a session file, the sessions continue after a
 * restart of the server.
 */
import { createHash, randomBytes } from 'node:crypto'
import { FeedError, quote } from '../http/errors.ts'
import { nameKey } from './names.ts'
import type { SessionFile } from './session-file.ts'

export interface Session {
  /** Name of the person, or empty if an instructor gave no name. */
  readonly user: string
  readonly isInstructor: boolean
  /**
   * Time of expiry by the wall clock (`Date.now`). A session can outlive the process, but `performance.now()` is valid
   * only in one process.
   */
  readonly untilMs: number
  /** True if the session has ended or has expired. */
  readonly isOver: boolean
}

export interface Sessions {
  readonly lastsMs: number
  /**
   * Creates a session for a person. Ends `replaces`, an earlier session of the same client. Throws `name-taken` (409)
   * if another session has the name.
   */
  begin(who: Pick<Session, 'user' | 'isInstructor'>, replaces?: Session | null): { token: string; session: Session }
  /**
   * Returns the session to which a token belongs. Throws `wrong-credentials` (401) if this server did not issue the
   * token, and `session-expired` (401) if the session is over.
   */
  read(token: string): Session
  /** Returns true if the session is live, and counts this call as a use of the session. */
  use(session: Session): boolean
  /**
   * Ends a session: the server refuses the session's token, frees the session's name, and calls the functions that
   * `onEnd` has received for the session.
   */
  end(session: Session): void
  /** Calls `end` once when the session is over. Returns a function that cancels the call. */
  onEnd(session: Session, end: () => void): () => void
  /** Returns the live session whose name counts as equal to this name (`nameKey`), or null. */
  holderOf(user: string): Session | null
  live(): readonly Session[]
  /**
   * Clears all timers and writes unsaved changes to the file. Sessions in the file continue when the server starts
   * again.
   */
  stop(): void
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

/**
 * Pattern of a session's token. An instructor's token (tokens.ts) never matches this pattern, although both kinds of
 * token come in the Authorization field.
 */
const TOKEN = /^fws\.[\w-]{43}$/

export const isSessionToken = (token: string): boolean => TOKEN.test(token)

interface Live extends Session {
  isOver: boolean
  readonly hash: string
  readonly ends: Set<() => void>
  /** Time of the last use, by `performance.now()`. */
  usedAtMs: number
  timer: ReturnType<typeof setTimeout> | undefined
}

/** Creates the store of sessions. Without a `file`, all sessions end when the process ends. */
export function createSessions(lastsMs = SESSION_MS, file: SessionFile | null = null): Sessions {
  const live = new Map<Session, Live>()
  const byHash = new Map<string, Live>()
  const byName = new Map<string, Live>()
  /** Maps the hash of each ended session's token to the session's name. The session that ended first comes first. */
  const over = new Map<string, string>()
  let saving: ReturnType<typeof setTimeout> | undefined
  for (const record of file?.read() ?? []) if (record.untilMs > Date.now()) add(record)

  return {
    lastsMs,
    begin({ user, isInstructor }, replaces) {
      const holder = user === '' ? undefined : byName.get(nameKey(user))
      if (holder && holder !== replaces) {
        throw new FeedError('name-taken', `Somebody is already signed in as ${quote(holder.user)}.`)
      }
      if (replaces) end(replaces)
      if (live.size >= MOST_LIVE) makeRoom()
      const token = `fws.${randomBytes(32).toString('base64url')}`
      const session = add({ hash: hashOf(token), user, isInstructor, untilMs: Date.now() + lastsMs })
      save()
      return { token, session }
    },
    read(token) {
      const hash = isSessionToken(token) ? hashOf(token) : ''
      const session = byHash.get(hash)
      if (session && session.untilMs > Date.now()) {
        session.usedAtMs = performance.now()
        return session
      }
      if (session) finish(session)
      const user = over.get(hash)
      // The error does not quote the token, because the token may be right except for one letter.
      if (user === undefined) throw new FeedError('wrong-credentials', 'The token was not issued by this server.')
      throw new FeedError('session-expired', `The session of ${quote(user)} is over.`)
    },
    use(session) {
      const known = live.get(session)
      if (!known || known.untilMs <= Date.now()) return false
      known.usedAtMs = performance.now()
      return true
    },
    end: finish,
    onEnd(session, end) {
      const ends = live.get(session)?.ends
      ends?.add(end)
      if (!ends) end()
      return () => ends?.delete(end)
    },
    holderOf: (user) => byName.get(nameKey(user)) ?? null,
    live: () => [...live.keys()],
    stop() {
      for (const { timer } of live.values()) clearTimeout(timer)
      if (saving !== undefined) write()
    },
  }

  function add(record: Pick<Live, 'hash' | 'user' | 'isInstructor' | 'untilMs'>): Live {
    const session: Live = { ...record, isOver: false, ends: new Set(), usedAtMs: performance.now(), timer: undefined }
    live.set(session, session)
    byHash.set(session.hash, session)
    if (session.user !== '') byName.set(nameKey(session.user), session)
    wait(session)
    return session
  }

  function makeRoom(): void {
    const unused = Array.from(live.values()).filter(({ ends }) => ends.size === 0)
    // The server ends an instructor's session only if it finds no other unused session. Otherwise students could end
    // the instructor's session by signing in often.
    const byUse = unused.toSorted((one, other) => one.usedAtMs - other.usedAtMs)
    const longest = byUse.find(({ isInstructor }) => !isInstructor) ?? byUse[0]
    if (!longest)
      throw new FeedError(
        'too-many-people',
        `${MOST_LIVE} people are signed in already. There is no place for another.`,
      )
    end(longest)
  }

  function wait(session: Live): void {
    const leftMs = session.untilMs - Date.now()
    if (leftMs <= 0) return finish(session)
    session.timer = setTimeout(() => wait(session), Math.min(leftMs, CHECK_MS)).unref()
  }

  function finish(session: Session): void {
    end(session)
    save()
  }

  function end(session: Session): void {
    const ended = live.get(session)
    if (!ended) return
    ended.isOver = true
    clearTimeout(ended.timer)
    live.delete(ended)
    byHash.delete(ended.hash)
    if (byName.get(nameKey(ended.user)) === ended) byName.delete(nameKey(ended.user))
    over.set(ended.hash, ended.user)
    for (const oldest of over.keys()) if (over.size > MOST_OVER) over.delete(oldest)
    const ends = [...ended.ends]
    ended.ends.clear()
    for (const end of ends) end()
  }

  function save(): void {
    saving ??= setTimeout(write, SAVE_MS)
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

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')
