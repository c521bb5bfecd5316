import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Board, Change, Task } from '../../../server/protocol/board.ts'
import { EMPTY, apply } from '../../../web/board/apply.ts'
import { place } from '../../../web/board/place.ts'
import { MOST_TASKS, allow } from '../../../web/board/rules.ts'
import { change } from './changes.ts'

const task = (id: string, list = 'todo', title = id): Task => ({ id, list, title, assignee: '', done: false })
const board = (...tasks: Task[]): Board => ({ ...EMPTY, tasks })
const after = (on: Board, ...changes: Change[]): Board =>
  changes.reduce((board, change) => {
    const answer = allow(board, change)
    return 'allowed' in answer ? apply(board, answer.allowed) : board
  }, on)
const refusal = (on: Board, change: Change): string => {
  const answer = allow(on, change)
  return 'refused' in answer ? `${answer.refused}: ${answer.detail}` : 'allowed'
}
const inOrder = ({ tasks }: Board, list: string) => tasks.filter((one) => one.list === list).map(({ id }) => id)

describe('the function place', () => {
  const tasks = [task('a'), task('b'), task('x', 'doing'), task('c')]
  const order = (list: string, before: string | null, id = 'c') =>
    inOrder(board(...place(tasks, task(id, list), before)), list)

  test('puts a task before another one, no matter where the task was', () => {
    expect(order('todo', 'a')).toEqual(['c', 'a', 'b'])
    expect(order('doing', 'x')).toEqual(['c', 'x'])
    expect(order('todo', 'a', 'x')).toEqual(['x', 'a', 'b', 'c'])
  })

  test('puts a task at the end if the other task is null or not in that list', () => {
    expect(order('doing', null)).toEqual(['x', 'c'])
    expect(order('todo', 'x', 'a')).toEqual(['b', 'c', 'a'])
    expect(order('todo', 'gone', 'a')).toEqual(['b', 'c', 'a'])
  })
})

describe('changes of two people at once', () => {
  test('both take effect if they set different fields of a task', () => {
    const moved = after(
      board(task('a')),
      { type: 'task_updated', task: { id: 'a', title: 'renamed' } },
      { type: 'task_updated', task: { id: 'a', list: 'doing' } },
      { type: 'task_updated', task: { id: 'a', assignee: 'Bo' } },
    )
    expect(moved.tasks).toEqual([{ id: 'a', list: 'doing', title: 'renamed', assignee: 'Bo', done: false }])
  })

  test('that move the same task leave it only where the later move in the log puts it', () => {
    const both: Change[] = [
      { type: 'task_updated', task: { id: 'a', list: 'doing' } },
      { type: 'task_updated', task: { id: 'a', list: 'done' } },
    ]
    expect(after(board(task('a')), ...both).tasks).toEqual([task('a', 'done')])
    expect(after(board(task('a')), ...both.toReversed()).tasks).toEqual([task('a', 'doing')])
  })

  test('make the rules refuse the move of a task that the other person has deleted', () => {
    const gone = after(board(task('a')), { type: 'task_deleted', task: { id: 'a' } })
    expect(gone.tasks).toEqual([])
    expect(refusal(gone, { type: 'task_updated', task: { id: 'a', list: 'doing' } })).toBe(
      'unknown-task: There is no task "a" on the board.',
    )
  })
})

describe('the rules refuse a change with this code and sentence', () => {
  const full = board(...Array.from({ length: MOST_TASKS }, (_, i) => task(`t${i}`)))
  test.for<[string, Board, Change]>([
    [
      'taken-id: The task "a" is on the board already.',
      board(task('a')),
      { type: 'task_created', task: { id: 'a', title: 'x' } },
    ],
    ['bad-change: A new task needs a title.', EMPTY, { type: 'task_created', task: { id: 'a' } }],
    ['board-full: The board has 500 tasks.', full, { type: 'task_created', task: { id: 'a', title: 'x' } }],
    [
      'unknown-list: There is no list "nowhere" on the board.',
      board(task('a')),
      { type: 'task_updated', task: { id: 'a', list: 'nowhere' } },
    ],
    [
      'bad-change: The change names no field of the task.',
      board(task('a')),
      { type: 'task_updated', task: { id: 'a' } },
    ],
    ['unknown-task: There is no task "b" on the board.', board(task('a')), { type: 'task_deleted', task: { id: 'b' } }],
    [
      'taken-id: The list "todo" is on the board already.',
      EMPTY,
      { type: 'list_created', list: { id: 'todo', title: 'x' } },
    ],
    ['bad-change: A list needs a title.', EMPTY, { type: 'list_created', list: { id: 'x' } }],
    [
      'unknown-list: There is no list "x" on the board.',
      EMPTY,
      { type: 'list_updated', list: { id: 'x', title: 'x' } },
    ],
    ['bad-change: A list needs a title.', EMPTY, { type: 'list_updated', list: { id: 'todo', title: '' } }],
    ['bad-change: The change names no field of the list.', EMPTY, { type: 'list_updated', list: { id: 'todo' } }],
    ['list-in-use: The list "todo" has tasks in it.', board(task('a')), { type: 'list_deleted', list: { id: 'todo' } }],
  ])('%s', ([said, on, wish]) => {
    expect(refusal(on, wish)).toBe(said)
  })

  test('the rules refuse a new list above the limit', () => {
    const lists = Array.from({ length: 20 }, (_, i) => ({ id: `l${i}`, title: 'x' }))
    expect(refusal({ lists, tasks: [] }, { type: 'list_created', list: { id: 'x', title: 'x' } })).toMatch(
      /^board-full/,
    )
  })
})

describe('a list', () => {
  const order = (before: string | null, id = 'todo') =>
    after(EMPTY, { type: 'list_updated', list: { id, before } }).lists.map((list) => list.id)

  test('keeps its name when a person moves it before another list or to the end', () => {
    expect(order('done')).toEqual(['doing', 'todo', 'done'])
    expect(order('todo', 'done')).toEqual(['done', 'todo', 'doing'])
    expect(order(null)).toEqual(['doing', 'done', 'todo'])
    const moved = after(EMPTY, { type: 'list_updated', list: { id: 'todo', before: null } })
    expect(moved.lists.at(-1)).toEqual({ id: 'todo', title: 'To do' })
  })

  test('is put at the end if it is moved before a deleted list, and stays in place if it is moved before itself', () => {
    expect(order('gone')).toEqual(['doing', 'done', 'todo'])
    expect(order('doing', 'doing')).toEqual(['todo', 'doing', 'done'])
  })

  test('is renamed and moved if one person renames it and another person moves it', () => {
    const both = after(
      EMPTY,
      { type: 'list_updated', list: { id: 'todo', title: 'Soon' } },
      { type: 'list_updated', list: { id: 'todo', before: null } },
    )
    expect(both.lists.at(-1)).toEqual({ id: 'todo', title: 'Soon' })
  })

  test('can be created at any place among the lists', () => {
    const made = after(EMPTY, { type: 'list_created', list: { id: 'x', title: 'x', before: 'doing' } })
    expect(made.lists.map(({ id }) => id)).toEqual(['todo', 'x', 'doing', 'done'])
  })
})

test('a task that is moved before itself stays in place', () => {
  const three = board(task('a'), task('b'), task('c'))
  for (const id of ['a', 'b', 'c'])
    expect(inOrder(after(three, { type: 'task_updated', task: { id, before: id } }), 'todo')).toEqual(['a', 'b', 'c'])
})

test('the rules replace half a surrogate pair by a character that every reader can decode', () => {
  const answer = allow(EMPTY, { type: 'task_created', task: { id: 'a', title: 'x\ud800', assignee: '\udfff' } })
  expect(answer).toMatchObject({ allowed: { task: { title: 'x\ufffd', assignee: '\ufffd' } } })
})

test('after any sequence of changes, every task exists exactly once, in an existing list', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const created = new Set<string>()
      let board = EMPTY
      for (const wish of changes) {
        const answer = allow(board, wish)
        if (!('allowed' in answer)) continue
        board = apply(board, answer.allowed)
        const { type } = answer.allowed
        if ('task' in answer.allowed && type === 'task_created') created.add(answer.allowed.task.id)
        if ('task' in answer.allowed && type === 'task_deleted') created.delete(answer.allowed.task.id)
        expect(board.tasks.map(({ id }) => id).toSorted()).toEqual([...created].toSorted())
        const lists = board.lists.map(({ id }) => id)
        expect(board.tasks.filter(({ list }) => !lists.includes(list))).toEqual([])
      }
    }),
  )
})

test('applying an allowed change twice has the same result as applying it once', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), change, (before, wish) => {
      const on = after(EMPTY, ...before)
      const answer = allow(on, wish)
      if (!('allowed' in answer)) return
      const once = apply(on, answer.allowed)
      expect(apply(once, answer.allowed)).toEqual(once)
    }),
  )
})

test('events of the room that are not changes of a board leave the board unchanged', () => {
  expect(apply(EMPTY, { type: 'tick' })).toBe(EMPTY)
  expect(apply(EMPTY, { type: 'message', user: 'Ada', text: 'hello' })).toBe(EMPTY)
})
