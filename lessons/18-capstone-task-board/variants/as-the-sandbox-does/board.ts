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

/** All that a page knows, as one value. Each function below makes the next one of it. */
interface State {
  readonly cursor: Cursor
  readonly confirmed: Board
  readonly pending: ReadonlyMap<string, { readonly change: Change; readonly id?: Cursor }>
}

export function openBoard({ read, follow, send, newKey }: Parts): LiveBoard {
  let state: State | null = null
  let stop: (() => void) | null = null
  void begin()

  return {
    get board() {
      return state && shown(state)
    },
    change(change) {
      const key = newKey()
      const set = (id?: Cursor) => {
        if (state)
          state = settled({ ...state, pending: new Map(state.pending).set(key, { change, ...(id && { id }) }) })
      }
      set()
      send(key, change, {
        // The event may have come before the answer.
        accepted: (id) => void (state?.pending.has(key) && set(id)),
        refused() {
          if (state) state = without(state, key)
        },
      })
    },
    close: () => stop?.(),
  }

  async function begin(): Promise<void> {
    stop?.()
    const loading = new AbortController()
    stop = () => loading.abort()
    const { cursor, board } = await read()
    if (loading.signal.aborted) return
    state = settled({ cursor, confirmed: board, pending: state?.pending ?? new Map() })
    stop = follow(cursor, { event: (event) => (state = state && heard(state, event)), gap: () => void begin() })
  }
}

const shown = ({ confirmed, pending }: State): Board => {
  let board = confirmed
  for (const { change } of pending.values()) board = apply(board, change)
  return board
}

function heard(state: State, event: Event): State {
  if (standing(event.id, state.cursor) === 'seen') return state
  const next = { ...state, cursor: event.id, confirmed: apply(state.confirmed, event) }
  return event.key === undefined ? next : without(next, event.key)
}

const without = (state: State, key: string): State => ({
  ...state,
  pending: new Map([...state.pending].filter(([one]) => one !== key)),
})

const settled = (state: State): State => ({
  ...state,
  pending: new Map([...state.pending].filter(([, { id }]) => !id || standing(id, state.cursor) !== 'seen')),
})
