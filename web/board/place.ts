/** Puts a moved task where it belongs. Two people may have moved the same one: whoever does this in the log's order gets the same list. */
import type { Task } from '../../server/protocol.ts'

/**
 * The tasks with this one in front of the task `before`, once, wherever it stood before. At its
 * list's end for null, and where `before` is not in that list: somebody may have moved it away meanwhile.
 */
export function place(tasks: readonly Task[], task: Task, before: string | null): readonly Task[] {
  const others = tasks.filter(({ id }) => id !== task.id)
  const at = others.findIndex(({ id, list }) => id === before && list === task.list)
  return at < 0 ? [...others, task] : others.toSpliced(at, 0, task)
}
