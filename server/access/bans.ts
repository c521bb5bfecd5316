/**
 * Bans of people. The instructor mutes or removes a person until the server stops. If signing in is on, a ban applies
 * to a name. If signing in is off, everybody can use any name, so a ban also applies to the clients (pages or
 * connections) that used the name.
 */
import { FeedError, quote } from '../http/errors.ts'
import { nameKey } from './names.ts'

export type Ban = 'muted' | 'removed'

export interface Bans {
  /** Mutes or removes the person with this name. If `ban` is null, lifts the ban of this name. */
  set(name: string, ban: Ban | null): void
  /** Records that a client used a name. A later ban of this name also applies to this client. */
  used(name: string, client: string): void
  /** Returns the clients that have used the name lately. */
  clientsOf(name: string): readonly string[]
  /** Throws `removed-person` (403) if the instructor has removed the client or one of the names. */
  checkRemoved(names: readonly string[], client: string): void
  /**
   * Throws `muted` (403) if the instructor has muted the client or one of the names. Also throws the errors of
   * `checkRemoved`.
   */
  checkMuted(names: readonly string[], client: string): void
  list(): readonly { readonly user: string; readonly is: Ban }[]
}

/**
 * Maximum number of names, and of clients for each name, that the server remembers. Beyond the maximum, the server
 * forgets the least recently used ones, so that a flood of names cannot fill the memory.
 */
const MOST_NAMES = 2000
const MOST_CLIENTS = 8

export function createBans(): Bans {
  const bans = new Map<string, { readonly user: string; readonly is: Ban; readonly clients: ReadonlySet<string> }>()
  /** Maps the key of each name to the clients that used the name. The least recently used name comes first. */
  const clients = new Map<string, Set<string>>()

  return {
    set(name, ban) {
      const key = nameKey(name)
      bans.delete(key)
      if (ban) bans.set(key, { user: name, is: ban, clients: new Set(clients.get(key)) })
    },
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
    clientsOf: (name) => [...(clients.get(nameKey(name)) ?? [])],
    checkRemoved(names, client) {
      if (isBanned('removed', names, client))
        throw new FeedError('removed-person', `The instructor has removed ${quote(names[0] ?? 'this client')}.`)
    },
    checkMuted(names, client) {
      this.checkRemoved(names, client)
      if (isBanned('muted', names, client))
        throw new FeedError('muted', `The instructor has muted ${quote(names[0] ?? 'this client')}.`)
    },
    list: () => Array.from(bans.values(), ({ user, is }) => ({ user, is })),
  }

  function isBanned(kind: Ban, names: readonly string[], client: string): boolean {
    if (bans.size === 0) return false
    if (names.some((name) => bans.get(nameKey(name))?.is === kind)) return true
    return [...bans.values()].some(({ is, clients }) => is === kind && clients.has(client))
  }
}
