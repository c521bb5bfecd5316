/** Types of the task board and its changes. */

/** What a board's events add up to. Tasks of one list stand in the order in which that list shows them. */
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
  /** The list's id. */
  readonly list: string
  readonly title: string
  /** A name; empty for nobody. */
  readonly assignee: string
  readonly done: boolean
}

/**
 * A change to a board: what `POST /boards/ROOM` asks for, and what the event says that comes of it.
 * What is left out stays as it is, so that two people who change different things of a task both get them.
 */
export type Change =
  | { readonly type: 'task_created' | 'task_updated' | 'task_deleted'; readonly task: TaskChange }
  | { readonly type: 'list_created' | 'list_updated' | 'list_deleted'; readonly list: ListChange }

export interface TaskChange extends Partial<Task> {
  readonly id: string
  /** The task in front of which it is put; null for the end of its list. With neither this nor `list` it stays where it is. */
  readonly before?: string | null
}

export interface ListChange extends Partial<List> {
  readonly id: string
  /** The list in front of which it is put; null for the end. Without it a new one stands at the end, and any other stays where it is. */
  readonly before?: string | null
}
