/**
 * Boards: what a room's events of tasks and lists add up to. Each change is looked at against the
 * board as it is, one after the other, and is an event of the feed from then on. What they add up
 * to is committed with each of them, so that nothing is lost when the log forgets old events.
 */
import { apply } from '../../web/board/apply.ts'
import { EMPTY, allow } from '../../web/board/rules.ts'
import { FeedError } from '../errors.ts'
import type { Feed } from '../feed/feed.ts'
import type { Appended } from '../feed/log.ts'
import type { Board, BoardAnswer, Change } from '../protocol.ts'

export interface Boards {
  read(room: string): Promise<BoardAnswer>
  /**
   * Appends the change, or answers the earlier event of the same key. Throws what the rules
   * (web/board/rules.ts) refuse, in the catalogue's words.
   */
  change(room: string, user: string, change: Change, key?: string): Promise<Appended>
}

export function createBoards(feed: Feed): Boards {
  /** Where a board is being changed: when that is over. */
  const turns = new Map<string, Promise<void>>()

  return {
    read,
    change(room, user, change, key) {
      const changed = (turns.get(room) ?? Promise.resolve()).then(() => append(room, user, change, key))
      const over: Promise<void> = changed.then(leave, leave)
      turns.set(room, over)
      return changed

      function leave(): void {
        if (turns.get(room) === over) turns.delete(room)
      }
    },
  }

  async function read(room: string): Promise<BoardAnswer> {
    const { text, cursor } = await feed.state(room)
    return { cursor, board: text === null ? EMPTY : JSON.parse(text) }
  }

  async function append(room: string, user: string, change: Change, key?: string): Promise<Appended> {
    // Before anything is looked at: what was done already could not be done once more.
    const earlier = key === undefined ? undefined : await feed.earlier(room, key)
    if (earlier) return { event: earlier, repeated: true }
    const { board } = await read(room)
    const answer = allow(board, change)
    if ('refused' in answer) throw new FeedError(answer.refused, answer.detail)
    const draft = { user, ...answer.allowed, ...(key !== undefined && { key }) }
    return feed.publish(room, draft, key, textOf(apply(board, draft)))
  }
}

/** A board in which everything was deleted takes no place any more. */
function textOf(board: Board): string | null {
  const text = JSON.stringify(board)
  return text === JSON.stringify(EMPTY) ? null : text
}
