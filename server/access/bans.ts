/**
 * Bans of people. The instructor mutes or removes a person until the server stops, or, with Redis, as long as Redis
 * keeps the ban. If signing in is on, a ban applies to a name. If signing in is off, everybody can use any name, so a
 * ban also applies to the clients (pages or connections) that used the name.
 */
import { FeedError, quote } from '../http/errors.ts'
import { alone } from '../peers/alone.ts'
import type { Peers } from '../peers/peers.ts'
import { banEntry, readBan, unite } from './ban-records.ts'
import type { BanRecord } from './ban-records.ts'
import { nameKey } from './names.ts'

export type Ban = 'muted' | 'removed'

export interface Bans {
  /** Resolves when this process has the bans of the other processes. */
  readonly ready: Promise<void>
  /**
   * Mutes or removes the person with this name. If `ban` is null, lifts the ban of this name. This process obeys the ban
   * at once. Resolves when the other processes get it. Rejects with `LogUnavailable` if they get it only when Redis is
   * back.
   */
  set(name: string, ban: Ban | null): Promise<void>
  /** Calls `listener` with the name of a person whom this process or another one has removed. */
  onRemoved(listener: (name: string) => void): void
  /** Records that a client used a name. A later ban of this name also applies to this client. */
  used(name: string, client: string): void
  /** Returns the clients to which the ban of this name applies. */
  clientsOf(name: string): ReadonlySet<string>
  /** Throws `removed-person` (403) if the instructor has removed the client or one of the names. */
  checkRemoved(names: readonly string[], client: string): void
  /**
   * Throws `muted` (403) if the instructor has muted the client or one of the names. Also throws the errors of
   * `checkRemoved`.
   */
  checkMuted(names: readonly string[], client: string): void
  /** Returns the bans of all processes. The latest comes last. */
  list(): readonly { readonly user: string; readonly is: Ban }[]
}

/**
 * Maximum number of names, and of clients for each name, that the server remembers. Beyond the maximum, the server
 * forgets the least recently used ones, so that a flood of names cannot fill the memory.
 */
const MOST_NAMES = 2000
const MOST_CLIENTS = 8

/** Maximum number of lifted bans that the server remembers, so that Redis cannot bring them back with older data. */
const MOST_LIFTED = 1000

export function createBans(peers: Pick<Peers, 'map'> = alone()): Bans {
  const map = peers.map('bans')
  /** The latest decision about each name, by the key of the name. */
  const records = new Map<string, BanRecord>()
  /** The decisions that are bans. */
  const bans = new Map<string, BanRecord & { readonly is: Ban }>()
  /** Maps the key of each name to the clients that used the name. The least recently used name comes first. */
  const clients = new Map<string, Set<string>>()
  const listeners = new Set<(name: string) => void>()
  map.onChange(learn)

  return {
    ready: map.ready,
    async set(name, ban) {
      const key = nameKey(name)
      const before = records.get(key)
      if (ban === null && !before?.is) return
      const atMs = Math.max(Date.now(), (before?.atMs ?? 0) + 1)
      const record = { user: name, is: ban, atMs, clients: ban ? [...(clients.get(key) ?? [])] : [] }
      note(key, record)
      await map.set(key, banEntry(record))
    },
    onRemoved: (listener) => void listeners.add(listener),
    used(name, client) {
      const key = nameKey(name)
      const known = clients.get(key) ?? new Set()
      clients.delete(key)
      clients.set(key, known)
      known.delete(client)
      known.add(client)
      for (const oldest of known) if (known.size > MOST_CLIENTS) known.delete(oldest)
      for (const oldest of clients.keys()) if (clients.size > MOST_NAMES) clients.delete(oldest)
    },
    clientsOf: (name) => new Set(bans.get(nameKey(name))?.clients),
    checkRemoved(names, client) {
      if (isBanned('removed', names, client))
        throw new FeedError('removed-person', `The instructor has removed ${quote(names[0] ?? 'this client')}.`)
    },
    checkMuted(names, client) {
      this.checkRemoved(names, client)
      if (isBanned('muted', names, client))
        throw new FeedError('muted', `The instructor has muted ${quote(names[0] ?? 'this client')}.`)
    },
    list: () =>
      Array.from(bans.values())
        .toSorted((one, other) => one.atMs - other.atMs)
        .map(({ user, is }) => ({ user, is })),
  }

  /** Notes a decision that another process has made, or that was read from Redis again. */
  function learn(key: string, text: string | undefined): void {
    const known = records.get(key)
    const record = text === undefined ? null : readBan(text)
    if (!record) {
      // A lifted ban keeps its entry for long, so Redis has lost a ban.
      if (known?.is) later(map.add(key, banEntry(known)))
      else records.delete(key)
      return
    }
    const latest = known ? unite(known, record) : record
    // The person may have used the name as another client of this process, which the other process does not know.
    const own = latest.is
      ? { ...latest, clients: [...new Set([...latest.clients, ...(clients.get(key) ?? [])])] }
      : latest
    note(key, own)
    if (banEntry(own) !== text) later(map.set(key, banEntry(own)))
  }

  function note(key: string, record: BanRecord): void {
    const { is } = record
    records.delete(key)
    records.set(key, record)
    bans.delete(key)
    if (is) bans.set(key, { ...record, is })
    if (is === 'removed') for (const listener of listeners) listener(record.user)
    let lifted = records.size - bans.size
    for (const [oldest, { is }] of records) {
      if (lifted <= MOST_LIFTED) return
      if (is) continue
      lifted -= 1
      records.delete(oldest)
      later(map.set(oldest, null))
    }
  }

  function isBanned(kind: Ban, names: readonly string[], client: string): boolean {
    if (bans.size === 0) return false
    if (names.some((name) => bans.get(nameKey(name))?.is === kind)) return true
    return [...bans.values()].some(({ is, clients }) => is === kind && clients.includes(client))
  }
}

/** Lets a change go on without waiting for it. If Redis is away, the map sends the change when Redis is back. */
function later(change: Promise<unknown>): void {
  change.catch(() => {})
}
