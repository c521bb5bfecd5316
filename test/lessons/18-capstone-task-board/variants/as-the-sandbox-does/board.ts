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

/** Everything that a page knows, as one value. Each function below returns the next value. */
interface State {
  readonly cursor: Cursor
  readonly confirmed: Board
  readonly pending: ReadonlyMap<string, { readonly change: Change; readonly id?: Cursor }>
  /** A position in each earlier log. */
  readonly earlier: readonly Cursor[]
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
        // The event may have come before the response.
        accepted(id) {
          if (state?.earlier.some((old) => isSameLog(old, id))) state = without(state, key)
          else if (state?.pending.has(key)) set(id)
        },
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
    const pending = [...(state?.pending ?? [])].filter(([, { id }]) => !id || isSameLog(id, cursor))
    const earlier =
      state && !isSameLog(state.cursor, cursor) ? [...state.earlier, state.cursor] : (state?.earlier ?? [])
    state = settled({ cursor, confirmed: board, pending: new Map(pending), earlier })
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
