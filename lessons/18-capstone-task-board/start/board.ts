/** A board in one page: the board of the log, and on top of it the page's own changes that are not in the log yet. */
import type { Board, BoardAnswer, Change, Cursor, Event } from '#server/protocol.ts'
import { apply } from '#web/board/apply.ts'
import { standing } from '#web/board/join.ts'

/** The functions that the page provides. Each of them tries again by itself if a connection is cut. */
export interface Parts {
  /** Fetches the current board, and the cursor of the last event that it includes. */
  read(): Promise<BoardAnswer>
  /**
   * Delivers the events after the cursor, and then new ones; without a cursor, only new ones. Returns a function that
   * ends it. While the page tries a better transport beside the current one, both deliver the same events.
   */
  follow(after: Cursor | undefined, listener: Listener): () => void
  /** Sends a change to the server, one change after the other. The event of this change has the same key. */
  send(key: string, change: Change, answer: Answer): void
  newKey(): string
}

interface Listener {
  event(event: Event): void
  /** The next event is no longer kept, or the log is a different one. The events then continue at a later position. */
  gap(): void
}

interface Answer {
  /** The change is in the log, as the event with this id. */
  accepted(id: Cursor): void
  refused(why: string): void
}

export interface LiveBoard {
  /** The board that the page shows; null before the first snapshot. */
  readonly board: Board | null
  change(change: Change): void
  close(): void
}

export function openBoard({ read, follow, send, newKey }: Parts): LiveBoard {
  let confirmed: Board | null = null
  // TODO 1: join the snapshot and the stream, so that no event is missing between them. Do it again after a gap.
  const stop = follow(undefined, { event: hear, gap() {} })
  void read().then(({ board }) => (confirmed = board))

  return {
    get board() {
      return confirmed
    },
    change(change) {
      // TODO 3: show the change at once, until the log contains it. TODO 4: or until the server refuses it.
      send(newKey(), change, { accepted() {}, refused() {} })
    },
    close: () => stop(),
  }

  function hear(event: Event): void {
    // TODO 2: do not apply an event twice.
    if (confirmed) confirmed = apply(confirmed, event)
  }
}
