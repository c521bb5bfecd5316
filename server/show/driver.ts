/**
 * The driver moves the show. Several pages of an instructor may be open (the stage, the presenter's page, a phone), but
 * only one of them drives, so that no step is made twice.
 */
import { createHash } from 'node:crypto'
import { FeedError } from '../http/errors.ts'
import type { ShowGuest } from './guest.ts'

export interface Driver {
  /** Name of the client that drives; null if nobody does. */
  readonly name: string | null
  /** Notes that this page takes part in the show. Returns the name of its client. */
  meet(guest: ShowGuest): string
  /** Notes that the connection of this page has closed. */
  leave(guest: ShowGuest): void
  take(client: string): void
  /** Makes the client the driver if nobody drives. Throws `not-driver` (409) if another client drives. */
  check(client: string): void
  stop(): void
}

/**
 * Creates the driver. `salt`: a secret of this show. `known`: the driver before a restart. `goneMs`: time after which a
 * driver without a connection no longer drives. `changed`: called when the driver is gone.
 */
export function createDriver(salt: string, known: string | null, goneMs: number, changed: () => void): Driver {
  const pages = new Map<string, Set<ShowGuest>>()
  const names = new WeakMap<ShowGuest, string>()
  let name = known
  let leaving: ReturnType<typeof setTimeout> | undefined
  if (name !== null) awaitReturn()

  return {
    get name() {
      return name
    },
    meet(guest) {
      const known = names.get(guest)
      if (known !== undefined) return known
      const client = nameOf(guest.pageName ?? crypto.randomUUID())
      names.set(guest, client)
      const open = pages.get(client) ?? new Set()
      pages.set(client, open.add(guest))
      if (client === name) clearTimeout(leaving)
      return client
    },
    leave(guest) {
      const client = names.get(guest)
      const open = client === undefined ? undefined : pages.get(client)
      if (client === undefined || !open?.delete(guest) || open.size > 0) return
      pages.delete(client)
      if (client === name) awaitReturn()
    },
    take(client) {
      clearTimeout(leaving)
      name = client
    },
    check(client) {
      if (name === null) name = client
      if (name !== client) throw new FeedError('not-driver', 'Another page of an instructor drives the show.')
    },
    stop: () => clearTimeout(leaving),
  }

  /** Waits for the driver to come back. */
  function awaitReturn(): void {
    clearTimeout(leaving)
    leaving = setTimeout(() => {
      name = null
      changed()
    }, goneMs)
  }

  /**
   * Returns the public name of a page. With the page's own name, others could ask the lab for the bytes of its lanes, so
   * the public name is a hash.
   */
  function nameOf(pageName: string): string {
    return createHash('sha256').update(`${salt} ${pageName}`).digest('base64url').slice(0, 12)
  }
}
