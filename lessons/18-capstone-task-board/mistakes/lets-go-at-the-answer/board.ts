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
  let cursor: Cursor = ''
  let confirmed: Board | null = null
  /** By their keys, in their order. `id`: where the log has it, once that is known. */
  const pending = new Map<string, { readonly change: Change; readonly id?: Cursor }>()
  let stop = (): void => {}
  void load()

  return {
    get board() {
      return confirmed && [...pending.values()].reduce((board, { change }) => apply(board, change), confirmed)
    },
    change(change) {
      const key = newKey()
      pending.set(key, { change })
      send(key, change, {
        accepted: () => pending.delete(key),
        refused: () => pending.delete(key),
      })
    },
    close: () => stop(),
  }

  /** The board as it is, and whatever lies behind that; nothing of it once it was stopped. */
  async function load(): Promise<void> {
    stop()
    let isOver = false
    stop = () => (isOver = true)
    const answer = await read()
    if (isOver) return
    confirmed = answer.board
    cursor = answer.cursor
    settle()
    stop = follow(cursor, { event: hear, gap: load })
  }

  function hear(event: Event): void {
    if (!confirmed || standing(event.id, cursor) !== 'next') return
    cursor = event.id
    confirmed = apply(confirmed, event)
    pending.delete(event.key ?? '')
  }

  /** The event of what is in the snapshot, or was here before its answer, will not come. */
  function settle(): void {
    for (const [key, { id }] of pending) if (id && standing(id, cursor) === 'seen') pending.delete(key)
  }
}
