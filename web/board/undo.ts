/** Computes the inverse of a change. Checks whether an undo of this change would destroy a later change. */
import type { Board, Change, Task } from '../../server/protocol/board.ts'
import { nextOf } from './place.ts'

/** Returns the inverse of a change, computed from the board before the change; null if the change did nothing. */
export function inverse(board: Board, change: Change): Change | null {
  return 'task' in change ? inverseOfTask(board, change) : inverseOfList(board, change)
}

function inverseOfTask({ tasks }: Board, { type, task: { before, ...fields } }: TaskEvent): Change | null {
  const { id } = fields
  const was = tasks.find((task) => task.id === id)
  if (type === 'task_created') return was ? null : { type: 'task_deleted', task: { id } }
  if (!was) return null
  const back = { before: nextOf(tasks, was) }
  if (type === 'task_deleted') return { type: 'task_created', task: { ...was, ...back } }
  const isMove = before !== undefined || fields.list !== undefined
  return { type: 'task_updated', task: { ...formerly(was, fields), id, ...(isMove && { list: was.list, ...back }) } }
}

function formerly(was: Task, { title, assignee, done }: Partial<Task>): Partial<Task> {
  return {
    ...(title !== undefined && { title: was.title }),
    ...(assignee !== undefined && { assignee: was.assignee }),
    ...(done !== undefined && { done: was.done }),
  }
}

function inverseOfList({ lists }: Board, { type, list: { id, title, before } }: ListEvent): Change | null {
  const was = lists.find((list) => list.id === id)
  if (type === 'list_created') return was ? null : { type: 'list_deleted', list: { id } }
  if (!was) return null
  const back = { before: nextOf(lists, was) }
  if (type === 'list_deleted') return { type: 'list_created', list: { ...was, ...back } }
  const list = { id, ...(title !== undefined && { title: was.title }), ...(before !== undefined && back) }
  return { type: 'list_updated', list }
}

/**
 * Reports whether two changes affect the same fields. An undo of the first change would then also undo the later
 * change.
 */
export function collide(first: Change, later: Change): boolean {
  if ('task' in first !== 'task' in later) return false
  const [one, other] = [subject(first), subject(later)]
  if (one.id !== other.id) return false
  return isWhole(first) || isWhole(later) || one.fields.some((field) => other.fields.includes(field))
}

const isWhole = ({ type }: Change): boolean => /created|deleted/.test(type)

function subject(change: Change): { id: string; fields: string[] } {
  const { id, ...fields } = 'task' in change ? change.task : change.list
  return { id, fields: Object.keys(fields).map((field) => (field === 'before' ? 'list' : field)) }
}

type TaskEvent = Extract<Change, { task: unknown }>
type ListEvent = Extract<Change, { list: unknown }>
