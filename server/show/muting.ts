/** Mutes names. Nobody can publish under the name of a muted seat. */
import type { Access } from '../access/access.ts'
import { nameKey } from '../access/names.ts'
import type { SeatRecord } from './seats.ts'

/**
 * Lets people publish under this name, unless one of the seats with this name is muted. If the instructor has removed a
 * person with this name, the person stays removed.
 */
export function muteOrAllow({ ban, bans }: Access, name: string, seats: readonly SeatRecord[]): void {
  const isSame = (other: string): boolean => nameKey(other) === nameKey(name)
  if (name === '' || bans.list().some(({ user, is }) => is === 'removed' && isSame(user))) return
  // If Redis is away, other processes get the ban when Redis is back.
  ban(name, seats.some((seat) => seat.muted && isSame(seat.name)) ? 'muted' : null).catch(() => {})
}
