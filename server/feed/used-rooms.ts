/** The rooms that other processes use. A process must not delete a room that has readers at another one. */
import type { Peers } from '../peers/peers.ts'
import { createPeerTable } from '../peers/table.ts'

export interface UsedRooms {
  /** Notes whether clients of this process have published to a room, and whether some of them read it now. */
  note(room: string, isBegun: boolean, isRead: boolean): void
  /** Returns true if clients of another process read the room, or read it less than 20 s before that process ended. */
  isRead(room: string): boolean
  /** Returns true if clients of another process have published to the room. */
  isBegun(room: string): boolean
  /** Returns each room to which clients of other processes have published. */
  begun(): readonly string[]
  /** Tells the other processes that this process has deleted a room. */
  dropped(room: string): void
  stop(): void
}

/** Time after which other processes are told about changes. A poll that ends and is repeated changes nothing then. */
const TELL_MS = 250

/** Time in which the readers of a process that has ended can reach another one. */
const KEPT_MS = 20_000

const DROPPED = 'room dropped'

interface Use {
  readonly isBegun: boolean
  readonly isRead: boolean
}

/** Uses as they are sent. */
const USES: Readonly<Record<string, Use>> = {
  begun: { isBegun: true, isRead: false },
  read: { isBegun: false, isRead: true },
  both: { isBegun: true, isRead: true },
}

/** `forget` is called with each room that another process has deleted. */
export function shareUsedRooms(peers: Peers | undefined, forget: (room: string) => void): UsedRooms {
  /** For each room, its use by each other process. */
  const uses = new Map<string, Map<string, Use>>()
  const changed = (room: string, use: string | undefined, from: string): void => {
    const known = uses.get(room) ?? new Map<string, Use>()
    const { [use ?? '']: now } = USES
    if (now) known.set(from, now)
    else known.delete(from)
    if (known.size > 0) uses.set(room, known)
    else uses.delete(room)
  }
  const table = peers && createPeerTable<string>(peers, 'rooms', { everyMs: TELL_MS, keepMs: KEPT_MS, changed })
  peers?.on(DROPPED, (room) => forget(String(room)))
  const some = (room: string, is: (use: Use) => boolean): boolean => [...(uses.get(room)?.values() ?? [])].some(is)
  const isBegun = (room: string): boolean => some(room, (use) => use.isBegun)

  return {
    note(room, begun, isRead) {
      table?.set(room, begun ? (isRead ? 'both' : 'begun') : isRead ? 'read' : undefined)
    },
    isRead: (room) => some(room, (use) => use.isRead),
    isBegun,
    begun: () => [...uses.keys()].filter(isBegun),
    dropped: (room) => peers?.tell(DROPPED, room),
    stop: () => table?.stop(),
  }
}
