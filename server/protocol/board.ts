/** Types of the task board and its changes. */

/**
 * State of a board after all events of the board. The tasks of one list are in the order in which a page shows them.
 */
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
  /** Id of the list in which the task is. */
  readonly list: string
  readonly title: string
  /** Name of the person who is assigned to the task; empty if nobody is assigned. */
  readonly assignee: string
  readonly done: boolean
}

/**
 * A change to a board. A client sends the change as the body of `POST /boards/ROOM`, and the event of the change
 * contains it. Omitted fields stay unchanged, so two people can change different fields of a task at the same time.
 */
export type Change =
  | { readonly type: 'task_created' | 'task_updated' | 'task_deleted'; readonly task: TaskChange }
  | { readonly type: 'list_created' | 'list_updated' | 'list_deleted'; readonly list: ListChange }

export interface TaskChange extends Partial<Task> {
  readonly id: string
  /**
   * Id of the task before which the server puts this task. Null puts this task at the end of its list. If the client
   * omits `before` and `list`, an existing task does not move.
   */
  readonly before?: string | null
}

export interface ListChange extends Partial<List> {
  readonly id: string
  /**
   * Id of the list before which the server puts this list. Null puts this list at the end of the board. If the client
   * omits `before`, a new list goes to the end, and an existing list does not move.
   */
  readonly before?: string | null
}
