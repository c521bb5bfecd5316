/**
 * What one event makes of a board. The log's order decides everything: whoever applies the same
 * events in the same order has the same board, and so the server and every page apply them by this.
 */
import type { Board, Draft, ListChange, Task, TaskChange } from '../../server/protocol.ts'
import { place } from './place.ts'

/** Also of events that are none of a board's, and of changes to what is no longer there: they change nothing. */
export function apply(board: Board, { type, task, list }: Pick<Draft, 'type' | 'task' | 'list'>): Board {
  if (task) return { ...board, tasks: tasksAfter(board.tasks, type, task) }
  if (list) return listsAfter(board, type, list)
  return board
}

function tasksAfter(tasks: readonly Task[], type: Draft['type'], change: TaskChange): readonly Task[] {
  if (type === 'task_deleted') return tasks.filter(({ id }) => id !== change.id)
  const known = tasks.find(({ id }) => id === change.id)
  if (!known && type !== 'task_created') return tasks
  const { before, ...fields } = change
  const task = { ...(known ?? BLANK), ...fields }
  const stays = known && before === undefined && change.list === undefined
  return stays ? tasks.map((other) => (other === known ? task : other)) : place(tasks, task, before ?? null)
}

const BLANK: Omit<Task, 'id'> = { list: '', title: '', assignee: '', done: false }

function listsAfter({ lists, tasks }: Board, type: Draft['type'], change: ListChange): Board {
  if (type === 'list_deleted')
    return {
      lists: lists.filter(({ id }) => id !== change.id),
      tasks: tasks.filter(({ list }) => list !== change.id),
    }
  const known = lists.find(({ id }) => id === change.id)
  if (!known && type !== 'list_created') return { lists, tasks }
  const { before, ...fields } = change
  const list = { title: '', ...known, ...fields }
  const stays = known && before === undefined
  return {
    tasks,
    lists: stays ? lists.map((other) => (other === known ? list : other)) : place(lists, list, before ?? null),
  }
}
