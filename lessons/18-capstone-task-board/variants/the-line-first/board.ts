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
  /** What came before there was a board. */
  let early: Event[] = []
  let snapshot: BoardAnswer | null = null
  let own: { key: string; change: Change }[] = []
  const accepted = new Map<string, Cursor>()
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
          accepted.set(key, id)
          forgetWhatIsIn()
        },
        refused: forget,
      })
    },
    close: () => end(),
  }

  /** The line first, from the beginning of what is kept; the board meanwhile. What is in both counts once. */
  function begin(): () => void {
    let isOver = false
    early = []
    const stop = follow('0', {
      event(event) {
        if (isOver) return
        if (snapshot && isFresh) take(event)
        else early.push(event)
      },
      // At the beginning of what is kept there is none; later, the log is another one.
      gap: again,
    })
    let isFresh = false
    void read().then((answer) => {
      if (isOver) return
      snapshot = answer
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
