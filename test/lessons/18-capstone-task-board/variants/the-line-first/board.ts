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
  /** The events that came before there was a board. */
  let early: Event[] = []
  let snapshot: BoardAnswer | null = null
  let own: { key: string; change: Change }[] = []
  const accepted = new Map<string, Cursor>()
  const earlier: Cursor[] = []
  let end = begin()

  return {
    get board() {
      if (!snapshot) return null
      return own.reduce<Board>((board, { change }) => apply(board, change), snapshot.board)
    },
    change(change) {
      const key = newKey()
      own.push({ key, change })
      const forget = () => {
        own = own.filter((one) => one.key !== key)
      }
      send(key, change, {
        accepted(id) {
          if (earlier.some((old) => isSameLog(old, id))) return forget()
          accepted.set(key, id)
          forgetWhatIsIn()
        },
        refused: forget,
      })
    },
    close: () => end(),
  }

  /** Opens the stream first, from the earliest kept event, and fetches the board. An event in both counts once. */
  function begin(): () => void {
    let isOver = false
    early = []
    const stop = follow('0', {
      event(event) {
        if (isOver) return
        if (snapshot && isFresh) take(event)
        else early.push(event)
      },
      // A gap cannot come at the earliest event that is kept. If it comes later, the log is a different one.
      gap: again,
    })
    let isFresh = false
    void read().then((answer) => {
      if (isOver) return
      if (snapshot && !isSameLog(snapshot.cursor, answer.cursor)) earlier.push(snapshot.cursor)
      snapshot = answer
      own = own.filter(({ key }) => isSameLog(accepted.get(key) ?? answer.cursor, answer.cursor))
      isFresh = true
      forgetWhatIsIn()
      for (const event of early.splice(0)) take(event)
    })
    return () => {
      isOver = true
      stop()
    }
  }

  function again(): void {
    end()
    end = begin()
  }

  function take(event: Event): void {
    if (!snapshot || standing(event.id, snapshot.cursor) === 'seen') return
    snapshot = { cursor: event.id, board: apply(snapshot.board, event) }
    own = own.filter(({ key }) => key !== event.key)
  }

  function forgetWhatIsIn(): void {
    const cursor = snapshot?.cursor ?? ''
    own = own.filter(({ key }) => {
      const id = accepted.get(key)
      return id === undefined || standing(id, cursor) !== 'seen'
    })
  }
}
