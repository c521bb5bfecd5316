/** A board in one page: as the log has it, and upon that the page's own changes, which the log has not confirmed yet. */
import type { Board, BoardAnswer, Change, Cursor, Event } from '#server/protocol.ts'
import { apply } from '#web/board/apply.ts'
import { standing } from '#web/board/join.ts'

/** What the page brings. All of it tries again by itself where a line is cut. */
export interface Parts {
  /** The board as it is, and the cursor of the last event that is in it. */
  read(): Promise<BoardAnswer>
  /**
   * Brings what lies behind the cursor and then what comes, in order; without a cursor, what comes from now on. Answers
   * what ends it. While a better transport is tried beside the one that works, both bring the same.
   */
  follow(after: Cursor | undefined, listener: Listener): () => void
  /** Sends it up, one change after the other. The event that comes of it has the same key. */
  send(key: string, change: Change, answer: Answer): void
  newKey(): string
}

interface Listener {
  event(event: Event): void
  /** What should come next is not kept any more, or the log is another one. What follows begins somewhere later. */
  gap(): void
}

interface Answer {
  /** The log has it, as the event of this id. */
  accepted(id: Cursor): void
  refused(why: string): void
}

export interface LiveBoard {
  /** What the page shows; null before there is anything. */
  readonly board: Board | null
  change(change: Change): void
  close(): void
}

export function openBoard({ read, follow, send, newKey }: Parts): LiveBoard {
  let confirmed: Board | null = null
  // TODO 1: the snapshot and what follows it have to meet, with nothing missing between them; behind a gap once more.
  const stop = follow(undefined, { event: hear, gap() {} })
  void read().then(({ board }) => (confirmed = board))

  return {
    get board() {
      return confirmed
    },
    change(change) {
      // TODO 3: it is shown at once, until the log brings it. TODO 4: or until the server refuses it.
      send(newKey(), change, { accepted() {}, refused() {} })
    },
    close: () => stop(),
  }

  function hear(event: Event): void {
    // TODO 2: what has been seen is not applied twice.
    if (confirmed) confirmed = apply(confirmed, event)
  }
}
