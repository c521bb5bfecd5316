/** Types of the task board and its changes. */

/** State of a board after all its events. The tasks of one list are in the order in which the list shows them. */
export interface Board {
  readonly lists: readonly List[]
  readonly tasks: readonly Task[]
}

export interface List {
  readonly id: string
  readonly title: string
}

export interface Task {
  readonly id: string
  /** Id of the list that contains the task. */
  readonly list: string
  readonly title: string
  /** Name of a person; empty if nobody is assigned. */
  readonly assignee: string
  readonly done: boolean
}

/**
 * A change to a board. It is sent by `POST /boards/ROOM`, and the resulting event contains it. Omitted fields stay
 * unchanged, so two people can change different fields of a task without loss.
 */
export type Change =
  | { readonly type: 'task_created' | 'task_updated' | 'task_deleted'; readonly task: TaskChange }
  | { readonly type: 'list_created' | 'list_updated' | 'list_deleted'; readonly list: ListChange }

export interface TaskChange extends Partial<Task> {
  readonly id: string
  /**
   * Id of the task before which this task is put; null puts it at the end of its list. The task does not move if
   * `before` and `list` are omitted.
   */
  readonly before?: string | null
}

export interface ListChange extends Partial<List> {
  readonly id: string
  /**
   * Id of the list before which this list is put; null puts it at the end. If `before` is omitted, a new list is put
   * at the end, and an existing list does not move.
   */
  readonly before?: string | null
}
