/** A board in one page: the board of the log, and on top of it the page's own changes that are not in the log yet. */
import type { Board, BoardAnswer, Change, Cursor, Event } from '#server/protocol.ts'
import { apply } from '#web/board/apply.ts'
import { isSameLog, standing } from '#web/board/join.ts'

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
  let cursor: Cursor = ''
  let confirmed: Board | null = null
  /** The changes that are not in the log yet, by their keys, in order. `id` is the position in the log, if known. */
  const pending = new Map<string, { readonly change: Change; readonly id?: Cursor }>()
  /** A position in each earlier log. */
  const earlier: Cursor[] = []
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
        accepted(id) {
          pending.set(key, { change, id })
          forgetLost()
          settle()
        },
        refused: () => pending.delete(key),
      })
    },
    close: () => stop(),
  }

  /** Fetches the current board and follows the events after it. Does nothing more after `stop` was called. */
  async function load(): Promise<void> {
    stop()
    let isOver = false
    stop = () => (isOver = true)
    const answer = await read()
    if (isOver) return
    if (confirmed && !isSameLog(cursor, answer.cursor)) earlier.push(cursor)
    confirmed = answer.board
    cursor = answer.cursor
    forgetLost()
    settle()
    stop = follow(cursor, { event: hear, gap: load })
  }

  function hear(event: Event): void {
    if (!confirmed || standing(event.id, cursor) !== 'next') return
    cursor = event.id
    confirmed = apply(confirmed, event)
    pending.delete(event.key ?? '')
  }

  /** Removes changes that an earlier log accepted. The present log will never contain them. */
  function forgetLost(): void {
    for (const [key, { id }] of pending) if (id && earlier.some((old) => isSameLog(id, old))) pending.delete(key)
  }

  /** Removes changes whose event is in the snapshot, or came before the response: this event will not come again. */
  function settle(): void {
    for (const [key, { id }] of pending) if (id && standing(id, cursor) === 'seen') pending.delete(key)
  }
}
