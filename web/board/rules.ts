/**
 * Rules that decide whether a change of a board is allowed. The page asks the rules before it shows a change, and the
 * server asks the rules before it stores a change. So page and server refuse a change with the same words.
 */
import type { Board, Change, List, ListChange, Task, TaskChange } from '../../server/protocol/board.ts'
import { nextOf } from './place.ts'

/**
 * Greatest number of tasks on a board. A person cannot survey more tasks, and a board with this limit is at most half a
 * megabyte of JSON.
 */
export const MOST_TASKS = 500
const MOST_LISTS = 20

export type RefusalCode = 'bad-change' | 'unknown-task' | 'unknown-list' | 'taken-id' | 'list-in-use' | 'board-full'

export interface Refusal {
  readonly refused: RefusalCode
  /** A sentence for people that quotes the refused value. */
  readonly detail: string
}

/**
 * Returns either a refusal or the change that the server can store. The returned change contains a valid position, so
 * `apply` needs no further rules.
 */
export function allow(board: Board, change: Change): { readonly allowed: Change } | Refusal {
  return 'task' in change ? allowTask(board, change.type, change.task) : allowList(board, change.type, change.list)
}

function allowTask(board: Board, type: TaskType, change: TaskChange): ReturnType<typeof allow> {
  const { id } = change
  const known = board.tasks.find((task) => task.id === id)
  const list = change.list ?? known?.list ?? board.lists[0]?.id ?? ''
  if (type === 'task_created') {
    if (known) return refuse('taken-id', `The task ${JSON.stringify(id)} is on the board already.`)
    if (!change.title) return refuse('bad-change', 'A new task needs a title.')
    if (board.tasks.length >= MOST_TASKS) return refuse('board-full', `The board has ${MOST_TASKS} tasks.`)
  } else if (!known) return refuse('unknown-task', `There is no task ${JSON.stringify(id)} on the board.`)
  if (type === 'task_deleted') return { allowed: { type, task: { id } } }
  if (!board.lists.some((one) => one.id === list))
    return refuse('unknown-list', `There is no list ${JSON.stringify(list)} on the board.`)

  const isPlaced = type === 'task_created' || change.list !== undefined || change.before !== undefined
  const inList = board.tasks.filter((task) => task.list === list)
  const task = { ...wellFormed(change), ...(isPlaced && { list, before: anchor(inList, id, change.before) }) }
  if (Object.keys(task).length === 1) return refuse('bad-change', 'The change names no field of the task.')
  return { allowed: { type, task } }
}

/**
 * Returns the id of the item before which the moved item will stand. If `before` is the moved item itself, the moved
 * item stays before its present next item.
 */
function anchor(others: readonly (Task | List)[], id: string, before: string | null = null): string | null {
  const other = others.find((one) => one.id === before)
  if (!other) return null
  return before === id ? nextOf(others, other) : before
}

function allowList({ lists, tasks }: Board, type: ListType, change: ListChange): ReturnType<typeof allow> {
  const { id } = change
  const isKnown = lists.some((list) => list.id === id)
  if (type === 'list_created') {
    if (isKnown) return refuse('taken-id', `The list ${JSON.stringify(id)} is on the board already.`)
    if (lists.length >= MOST_LISTS) return refuse('board-full', `The board has ${MOST_LISTS} lists.`)
  } else if (!isKnown) return refuse('unknown-list', `There is no list ${JSON.stringify(id)} on the board.`)
  if (type === 'list_deleted')
    return tasks.some(({ list }) => list === id)
      ? refuse('list-in-use', `The list ${JSON.stringify(id)} has tasks in it.`)
      : { allowed: { type, list: { id } } }
  if (change.title === '' || (type === 'list_created' && !change.title))
    return refuse('bad-change', 'A list needs a title.')
  const list = {
    ...wellFormed(change),
    ...(change.before !== undefined && { before: anchor(lists, id, change.before) }),
  }
  if (Object.keys(list).length === 1) return refuse('bad-change', 'The change names no field of the list.')
  return { allowed: { type, list } }
}

type TaskType = Extract<Change, { task: TaskChange }>['type']
type ListType = Extract<Change, { list: ListChange }>['type']

const refuse = (refused: RefusalCode, detail: string): Refusal => ({ refused, detail })

/**
 * Replaces each half of a surrogate pair. Half a pair has no UTF-8 form, so pages would otherwise see different texts.
 */
function wellFormed<T extends Partial<List & Task>>(change: T): T {
  return {
    ...change,
    ...(change.title !== undefined && { title: change.title.toWellFormed() }),
    ...(change.assignee !== undefined && { assignee: change.assignee.toWellFormed() }),
  }
}
