/** What happened to a board, in a sentence: for the status line, and for those who hear the page. */
import type { Board, Change, Event } from '../../server/protocol.ts'

/** The change that an event of the room is; null for what is none of a board's. */
export function changeOf({ type, task, list }: Pick<Event, 'type' | 'task' | 'list'>): Change | null {
  if (task && (type === 'task_created' || type === 'task_updated' || type === 'task_deleted')) return { type, task }
  if (list && (type === 'list_created' || type === 'list_updated' || type === 'list_deleted')) return { type, list }
  return null
}

/** `before`: the board as it was. `who` begins the sentence. */
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
    return task.assignee === '' ? `gave ${title} to nobody` : `gave ${title} to ${task.assignee}`
  return task.done ? `marked ${title} as done` : `marked ${title} as not done`
}

function ofList({ type, list }: Extract<Change, { list: unknown }>, { lists }: Board): string {
  const title = quoted(lists.find(({ id }) => id === list.id)?.title ?? list.title)
  if (type === 'list_created') return `added the list ${title}`
  if (type === 'list_deleted') return `deleted the list ${title}`
  return list.title === undefined ? `moved the list ${title}` : `renamed the list ${title} to ${quoted(list.title)}`
}

const quoted = (title = ''): string => `“${title.length > 60 ? `${title.slice(0, 60)}…` : title}”`
