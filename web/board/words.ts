/** Describes a change of a board in a sentence, for the status line and for screen readers. */
import type { Board, Change } from '../../server/protocol/board.ts'
import type { Event } from '../../server/protocol/feed.ts'

/** Event that changes a board. */
type BoardEvent = Extract<Event, Change>

export const isOfBoard = (event: Event): event is BoardEvent => event.task !== undefined || event.list !== undefined

/** Returns only the change, without the fields that the feed and the sender added to it. */
export const changeOf = (event: BoardEvent): Change =>
  event.task ? { type: event.type, task: event.task } : { type: event.type, list: event.list }

/** Describes a change in a sentence that begins with `who`. `before` is the board before the change. */
export function told(who: string, change: Change, before: Board): string {
  return `${who} ${'task' in change ? ofTask(change, before) : ofList(change, before)}.`
}

function ofTask({ type, task }: Extract<Change, { task: unknown }>, { tasks, lists }: Board): string {
  const was = tasks.find(({ id }) => id === task.id)
  const title = quoted(was?.title ?? task.title)
  const list = quoted(lists.find(({ id }) => id === (task.list ?? was?.list))?.title)
  if (type === 'task_created') return `added ${title} to ${list}`
  if (type === 'task_deleted') return `deleted ${title}`
  if (task.list !== undefined && task.list !== was?.list) return `moved ${title} to ${list}`
  if (task.before !== undefined || task.list !== undefined) return `moved ${title} within ${list}`
  if (task.title !== undefined) return `renamed ${title} to ${quoted(task.title)}`
  if (task.assignee !== undefined)
    return task.assignee === '' ? `assigned ${title} to nobody` : `assigned ${title} to ${task.assignee}`
  return task.done ? `marked ${title} as done` : `marked ${title} as not done`
}

function ofList({ type, list }: Extract<Change, { list: unknown }>, { lists }: Board): string {
  const title = quoted(lists.find(({ id }) => id === list.id)?.title ?? list.title)
  if (type === 'list_created') return `added the list ${title}`
  if (type === 'list_deleted') return `deleted the list ${title}`
  return list.title === undefined ? `moved the list ${title}` : `renamed the list ${title} to ${quoted(list.title)}`
}

const quoted = (title = ''): string => `“${title.length > 60 ? `${title.slice(0, 60)}…` : title}”`
