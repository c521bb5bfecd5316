/** Computes the next position of a task or list that a person moves step by step with the keyboard. */
import type { Board, ListChange, TaskChange } from '../../server/protocol/board.ts'

export type Direction = 'up' | 'down' | 'left' | 'right'

/**
 * Returns the task's next position; null if the task is at an edge. In `board`, the task already stands at its
 * temporary position.
 */
export function shift(board: Board, id: string, direction: Direction): TaskChange | null {
  const task = board.tasks.find((one) => one.id === id)
  if (!task) return null
  const inList = board.tasks.filter(({ list }) => list === task.list)
  const at = inList.indexOf(task)
  if (direction === 'up') return at === 0 ? null : { id, list: task.list, before: inList[at - 1]?.id ?? null }
  if (direction === 'down')
    return at === inList.length - 1 ? null : { id, list: task.list, before: inList[at + 2]?.id ?? null }
  const lists = board.lists.map((list) => list.id)
  const list = lists[lists.indexOf(task.list) + (direction === 'left' ? -1 : 1)]
  if (list === undefined) return null
  return { id, list, before: board.tasks.filter((one) => one.list === list)[at]?.id ?? null }
}

/** Returns the list's next position, one step to the left or right; null if the list is at an edge. */
export function shiftList({ lists }: Board, id: string, direction: 'left' | 'right'): ListChange | null {
  const at = lists.findIndex((list) => list.id === id)
  const isAtEdge = direction === 'left' ? at <= 0 : at < 0 || at === lists.length - 1
  return isAtEdge ? null : { id, before: lists[direction === 'left' ? at - 1 : at + 2]?.id ?? null }
}

/** Describes a task's position in words, for example `2 of 5 in To do`. */
export function spot(board: Board, id: string): string {
  const task = board.tasks.find((one) => one.id === id)
  if (!task) return 'gone'
  const inList = board.tasks.filter(({ list }) => list === task.list)
  return `${inList.indexOf(task) + 1} of ${inList.length} in ${board.lists.find((list) => list.id === task.list)?.title ?? ''}`
}
