/** Random changes to a board. There are few tasks and lists, so that changes often affect the same one. */
import fc from 'fast-check'
import type { Change } from '../../../server/protocol/board.ts'

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const list = fc.constantFrom('todo', 'doing', 'done', 'x', 'y')
const title = fc.constantFrom('one', 'two', 'three')
const before = fc.option(id)
const place = fc.option(list)
const field = {
  title,
  list,
  before,
  assignee: fc.constantFrom('', 'Ada', 'Bo'),
  done: fc.boolean(),
}

/** Random change; most boards allow most of them, and refuse some. */
export const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: made('task_created', fc.record({ id, ...field }, { requiredKeys: ['id', 'title'] })) },
  { weight: 8, arbitrary: made('task_updated', fc.record({ id, ...field }, { requiredKeys: ['id'] })) },
  { weight: 2, arbitrary: made('task_deleted', fc.record({ id })) },
  madeList('list_created', fc.record({ id: list, title, before: place }, { requiredKeys: ['id', 'title'] })),
  madeList('list_updated', fc.record({ id: list, title, before: place }, { requiredKeys: ['id'] })),
  madeList('list_deleted', fc.record({ id: list })),
)

function made<T extends Extract<Change, { task: unknown }>>(
  type: T['type'],
  task: fc.Arbitrary<T['task']>,
): fc.Arbitrary<Change> {
  return task.map((task) => ({ type, task }))
}

function madeList<T extends Extract<Change, { list: unknown }>>(
  type: T['type'],
  list: fc.Arbitrary<T['list']>,
): fc.Arbitrary<Change> {
  return list.map((list) => ({ type, list }))
}
