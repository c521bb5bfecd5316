import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Board, Change } from '../../../server/protocol/board.ts'
import { EMPTY, apply } from '../../../web/board/apply.ts'
import { NOTHING_DONE, did, forgot, learned, next } from '../../../web/board/history.ts'
import { allow } from '../../../web/board/rules.ts'
import { collide, inverse } from '../../../web/board/undo.ts'
import { change } from './changes.ts'

const after = (on: Board, changes: readonly Change[]): Board =>
  changes.reduce((board, wish) => {
    const answer = allow(board, wish)
    return 'allowed' in answer ? apply(board, answer.allowed) : board
  }, on)

const byId = <T extends { id: string }>(all: readonly T[]) => all.toSorted((a, b) => (a.id < b.id ? -1 : 1))
/** Tasks in the order of each list. The order of tasks in different lists has no meaning. */
const ordered = ({ lists, tasks }: Board) => ({
  lists,
  tasks: byId(lists).map(({ id }) => tasks.filter(({ list }) => list === id)),
})

test('applying the inverse of a change restores the earlier board', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), change, (changes, wish) => {
      const before = after(EMPTY, changes)
      const answer = allow(before, wish)
      if (!('allowed' in answer)) return
      const back = inverse(before, answer.allowed)
      if (!back) throw new Error('Nothing takes it back.')
      const allowed = allow(apply(before, answer.allowed), back)
      if (!('allowed' in allowed)) throw new Error(allowed.detail)
      expect(ordered(apply(apply(before, answer.allowed), allowed.allowed))).toEqual(ordered(before))
    }),
    { numRuns: 300 },
  )
})

const task = (fields: object): Change => ({ type: 'task_updated', task: { id: 'a', ...fields } })

describe('a later change', () => {
  test.for<[string, Change, Change, boolean]>([
    ['of the same field collides', task({ title: 'x' }), task({ title: 'y' }), true],
    ['of another field does not', task({ title: 'x' }), task({ done: true }), false],
    ['of the place collides with a move', task({ list: 'done', before: null }), task({ before: 'b' }), true],
    ['that deletes collides with everything', task({ title: 'x' }), { type: 'task_deleted', task: { id: 'a' } }, true],
    ['of another task does not', task({ title: 'x' }), { type: 'task_deleted', task: { id: 'b' } }, false],
    ['of a list of the same name does not', task({ title: 'x' }), { type: 'list_deleted', list: { id: 'a' } }, false],
  ])('%s', ([, first, later, collides]) => {
    expect(collide(first, later)).toBe(collides)
  })
})

describe('the history', () => {
  const board = after(EMPTY, [
    { type: 'task_created', task: { id: 'a', title: 'one' } },
    { type: 'task_created', task: { id: 'b', title: 'b' } },
  ])
  const mine = task({ title: 'mine' })
  const begun = did(NOTHING_DONE, board, 'k', mine)
  const confirmed = learned(begun, board, { key: 'k', change: mine }, true)

  test('inverts a change to the value that it really replaced, even if a change of somebody else came between', () => {
    const theirs = task({ title: 'theirs' })
    const faster = learned(begun, board, { key: 'other', user: 'Bo', change: theirs }, false)
    const history = learned(faster, apply(board, theirs), { key: 'k', change: mine }, true)
    expect(history.done).toMatchObject([{ back: task({ title: 'theirs' }), changedBy: null, isConfirmed: true }])
  })

  test('does not treat this page’s own undo as a change by somebody else', () => {
    const back: Change = { type: 'task_created', task: { id: 'a', title: 'mine' } }
    expect(learned(confirmed, board, { key: 'undo', user: 'Ada', change: back }, true)).toEqual(confirmed)
  })

  test('remembers which person has changed the same field since then', () => {
    const other = learned(confirmed, board, { user: 'Bo', change: task({ done: true }) }, false)
    expect(other.done).toMatchObject([{ changedBy: null }])
    expect(learned(other, board, { user: 'Bo', change: task({ title: 'x' }) }, false).done).toMatchObject([
      { changedBy: 'Bo' },
    ])
  })

  test('can redo an undone change and undo it again, until there is a new change', () => {
    const changed = apply(board, mine)
    const undone = did(next(confirmed, 'undo')?.rest ?? NOTHING_DONE, changed, 'back', task({ title: 'one' }), 'undo')
    expect(next(undone, 'undo')).toBeNull()
    const again = next(undone, 'redo')
    expect(again?.last.back).toEqual(mine)
    const redone = did(again?.rest ?? NOTHING_DONE, board, 'again', mine, 'redo')
    expect(next(redone, 'redo')).toBeNull()
    expect(next(redone, 'undo')?.last).toMatchObject({ key: 'again', back: task({ title: 'one' }) })
    expect(next(did(undone, board, 'new', task({ done: true })), 'redo')).toBeNull()
  })

  test('remembers for an undone change which person has changed the same field since then', () => {
    const undone = did(NOTHING_DONE, apply(board, mine), 'back', task({ title: 'one' }), 'undo')
    const told = learned(undone, apply(board, mine), { key: 'back', change: task({ title: 'one' }) }, true)
    expect(learned(told, board, { user: 'Bo', change: task({ title: 'x' }) }, false).undone).toMatchObject([
      { changedBy: 'Bo' },
    ])
  })

  test('drops refused changes, changes without effect, and all but the last hundred changes', () => {
    expect(forgot(begun, 'k')).toEqual(NOTHING_DONE)
    expect(did(NOTHING_DONE, board, 'k', { type: 'task_deleted', task: { id: 'gone' } })).toEqual(NOTHING_DONE)
    const many = Array.from({ length: 150 }, (_, i) => `k${i}`)
    expect(many.reduce((history, key) => did(history, board, key, mine), begun).done).toHaveLength(100)
  })
})
