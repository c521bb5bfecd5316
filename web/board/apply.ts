/**
 * Applies one event to a board. Whoever applies the events of a log in their order gets the same board, so the server
 * and every page share this function.
 */
import type { Board, Change, ListChange, Task, TaskChange } from '../../server/protocol/board.ts'
import type { Draft } from '../../server/protocol/feed.ts'
import { place } from './place.ts'

/** An empty board: a board before its first event, or a board that somebody deleted. */
export const EMPTY: Board = {
  lists: [
    { id: 'todo', title: 'To do' },
    { id: 'doing', title: 'Doing' },
    { id: 'done', title: 'Done' },
  ],
  tasks: [],
}

/**
 * Returns the changed board. Returns the same board if the event is of another kind, or changes something that no
 * longer exists.
 */
export function apply(board: Board, event: Draft | Change): Board {
  switch (event.type) {
    case 'board_deleted':
      return EMPTY
    case 'task_created':
    case 'task_updated':
    case 'task_deleted':
      return { ...board, tasks: tasksAfter(board.tasks, event.type, event.task) }
    case 'list_created':
    case 'list_updated':
    case 'list_deleted':
      return listsAfter(board, event.type, event.list)
    default:
      return board
  }
}

function tasksAfter(tasks: readonly Task[], type: Change['type'], change: TaskChange): readonly Task[] {
  if (type === 'task_deleted') return tasks.filter(({ id }) => id !== change.id)
  const known = tasks.find(({ id }) => id === change.id)
  if (!known && type !== 'task_created') return tasks
  const { before, ...fields } = change
  const task = { ...(known ?? BLANK), ...fields }
  const stays = known && before === undefined && change.list === undefined
  return stays ? tasks.map((other) => (other === known ? task : other)) : place(tasks, task, before ?? null)
}

const BLANK: Omit<Task, 'id'> = { list: '', title: '', assignee: '', done: false }

function listsAfter({ lists, tasks }: Board, type: Change['type'], change: ListChange): Board {
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
