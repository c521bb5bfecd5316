/**
 * A board is the result of a room's events about tasks and lists. The server checks the changes of a board one after
 * the other against the current board. Each accepted change becomes an event of the feed. The server commits the
 * resulting board together with the event, so the board stays complete even after the log has deleted old events.
 */
import { EMPTY, apply } from '../../web/board/apply.ts'
import { allow } from '../../web/board/rules.ts'
import { FeedError } from '../http/errors.ts'
import type { Feed } from '../feed/feed.ts'
import { StateChanged } from '../feed/log.ts'
import type { Appended } from '../feed/log.ts'
import type { Board, Change } from '../protocol/board.ts'
import type { Cursor, Event } from '../protocol/feed.ts'

export interface Boards {
  /**
   * Returns the board as JSON (`BoardAnswer`). The JSON includes the cursor after which the board's next events follow.
   */
  readJson(room: string): Promise<Buffer>
  /** Returns true if this process knows that the room has an event. */
  isBegun(room: string): boolean
  /**
   * Returns the length of the board's JSON when it was last read or changed. Returns 0 if the board is not in memory.
   */
  characters(room: string): number
  /**
   * Checks a change and appends it to the room's events. If the user has already used the key for this change, resolves
   * with the earlier event. Rejects with an error of the catalogue if the rules (web/board/rules.ts) refuse the change.
   * Rejects with `KeyReused` if the user has used the key for another change. `asked` is the change as the client sent
   * it, before the server gave it an id. Default: `change`.
   */
  change(room: string, user: string, change: Change, key?: string, asked?: object): Promise<Appended>
  /**
   * Deletes the board and all its events, and sends an event to the board's readers. Does nothing if the board does not
   * exist.
   */
  delete(room: string): Promise<void>
  deleteAll(): Promise<void>
}

/** Maximum total length of the text of all boards in memory. A board stays in memory for its next read or change. */
const KEPT_CHARACTERS = 8 * 1024 * 1024

/** A board at a cursor. The server computes `board` and `json` when it first needs them. */
interface Kept {
  readonly cursor: Cursor
  readonly text: string
  board: Board | null
  json: Buffer | null
}

export function createBoards(feed: Feed, keptCharactersLimit = KEPT_CHARACTERS): Boards {
  /** For each board that has unfinished changes, a promise that resolves when the last of them is finished. */
  const turns = new Map<string, Promise<void>>()
  /** Boards in memory. The board that has been unused for longest comes first. */
  const boards = new Map<string, Kept>()
  let keptCharacters = 0

  return {
    async readJson(room) {
      const kept = await latest(room)
      kept.json ??= Buffer.from(`{"cursor":${JSON.stringify(kept.cursor)},"board":${kept.text}}`)
      return kept.json
    },
    isBegun: (room) => feed.isBegun(room),
    characters: (room) => boards.get(room)?.text.length ?? 0,
    change: (room, user, change, key, asked = change) =>
      inTurn(room, () => appendAgain(room, user, change, key, asked)),
    delete: (room) =>
      inTurn(room, async () => {
        const { text } = await feed.state(room)
        const isOfBoard = ({ type }: Event): boolean => /^(?:task|list)_/.test(type)
        await feed.remove(room, isOfBoard, { type: 'board_deleted' }, text === null ? undefined : null)
      }),
    async deleteAll() {
      for (const room of await feed.rooms()) await this.delete(room)
    },
  }

  /** Runs the changes of one board one after the other. Otherwise one change could overwrite another change. */
  function inTurn<T>(room: string, act: () => Promise<T>): Promise<T> {
    const done = (turns.get(room) ?? Promise.resolve()).then(act)
    const over: Promise<void> = done.then(leave, leave)
    turns.set(room, over)
    return done

    function leave(): void {
      if (turns.get(room) === over) turns.delete(room)
    }
  }

  async function latest(room: string): Promise<Kept> {
    const { cursor } = await feed.since(room, undefined, 0)
    const kept = boards.get(room)
    // A room that was deleted keeps its cursor, but `isBegun` returns false for a deleted room.
    if (kept?.cursor === cursor && feed.isBegun(room)) return keep(room, kept)
    const state = await feed.state(room)
    const text = state.text ?? EMPTY_TEXT
    if (kept?.text !== text) return keep(room, { cursor: state.cursor, text, board: null, json: null })
    // An event that is not about the board changes the room's cursor but not the board.
    return keep(room, state.cursor === kept.cursor ? kept : { ...kept, cursor: state.cursor, json: null })
  }

  function keep(room: string, kept: Kept): Kept {
    forget(room)
    boards.set(room, kept)
    keptCharacters += kept.text.length
    for (const longestUnused of boards.keys()) {
      if (keptCharacters <= keptCharactersLimit) break
      forget(longestUnused)
    }
    return kept
  }

  function forget(room: string): void {
    keptCharacters -= boards.get(room)?.text.length ?? 0
    boards.delete(room)
  }

  /** Checks the change again if another process has changed the board between the check and the commit. */
  async function appendAgain(...args: Parameters<typeof append>): Promise<Appended> {
    for (;;) {
      try {
        return await append(...args)
      } catch (error) {
        if (!(error instanceof StateChanged)) throw error
      }
    }
  }

  async function append(
    room: string,
    user: string,
    change: Change,
    key: string | undefined,
    asked: object,
  ): Promise<Appended> {
    // Search for the earlier event before the rules check the change, because the rules would refuse a change that is
    // already done.
    const earlier = key === undefined ? undefined : await feed.earlier(room, user, key, asked)
    if (earlier) return { event: earlier, repeated: true }
    const kept = await latest(room)
    kept.board ??= parse(kept.text)
    const answer = allow(kept.board, change)
    if ('refused' in answer) throw new FeedError(answer.refused, answer.detail)
    const draft = { user, ...answer.allowed, ...(key !== undefined && { key }) }
    const board = apply(kept.board, draft)
    const text = JSON.stringify(board)
    // The state of an empty board is null, so that an empty board uses no space in the log.
    const state = text === EMPTY_TEXT ? null : text
    const appended = await feed.publish(room, draft, key, state, asked, kept.cursor)
    if (!appended.repeated) keep(room, { cursor: appended.event.id, text, board, json: null })
    return appended
  }
}

const EMPTY_TEXT = JSON.stringify(EMPTY)

const parse = (text: string): Board => JSON.parse(text)
