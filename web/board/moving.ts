/** Next positions of a task or list that is moved step by step, without a pointer. */
import type { Board, ListChange, TaskChange } from '../../server/protocol/board.ts'

export type Direction = 'up' | 'down' | 'left' | 'right'

/** Next position of a task; null at an edge. In `board` the task already stands at its current temporary position. */
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

/** Next position of a list, one step to the left or right; null at an edge. */
export function shiftList({ lists }: Board, id: string, direction: 'left' | 'right'): ListChange | null {
  const at = lists.findIndex((list) => list.id === id)
  const isAtEdge = direction === 'left' ? at <= 0 : at < 0 || at === lists.length - 1
  return isAtEdge ? null : { id, before: lists[direction === 'left' ? at - 1 : at + 2]?.id ?? null }
}

/** Position of a task in words, for example `2 of 5 in To do`. */
export function spot(board: Board, id: string): string {
  const task = board.tasks.find((one) => one.id === id)
  if (!task) return 'gone'
  const inList = board.tasks.filter(({ list }) => list === task.list)
  return `${inList.indexOf(task) + 1} of ${inList.length} in ${board.lists.find((list) => list.id === task.list)?.title ?? ''}`
}
