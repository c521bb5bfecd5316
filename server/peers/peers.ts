/**
 * The other processes that share the log with this one. Processes send each other messages, and share maps. A process
 * without `--redis` is alone: its maps are its own, and its messages reach nobody.
 */

export interface Peers {
  /** Id of this process. */
  readonly own: string
  /** Number of this process. No other process of this Redis has it. 0 without Redis. */
  readonly number: number
  /** Returns the ids of the other processes that are running. */
  others(): readonly string[]
  /**
   * Calls `listener` with the id of another process when it has begun to run, or no longer runs. After a cut of its
   * connection to Redis, or of the own one, the process counts as gone and then comes again, because messages were lost.
   */
  onCome(listener: (id: string) => void): void
  onGone(listener: (id: string) => void): void
  /**
   * Sends a message, as JSON, to the process `to`, or to all other processes. Messages of one process arrive in their
   * order. A process that cannot reach Redis misses the messages of this time.
   */
  tell(topic: string, message: unknown, to?: string): void
  /** Calls `listener` with each message of another process about `topic`. */
  on(topic: string, listener: (message: unknown, from: string) => void): void
  /**
   * Asks the process `to`, or all other processes. Resolves with their answers when all of them have answered, or after
   * `ANSWER_MS`. A process that has no answer is left out.
   */
  ask(topic: string, question: unknown, to?: string): Promise<readonly PeerAnswer[]>
  /** Answers the questions about `topic`. If `answer` rejects, the process has no answer. */
  answer(topic: string, answer: (question: unknown) => unknown): void
  /** Returns the map `name`, which all processes share. Only one part of the program may use a map. */
  map(name: string): SharedMap
  /**
   * Resolves with true if no other process does the work `name` in the next `ms`. A process that asks again in time
   * keeps the work.
   */
  lease(name: string, ms: number): Promise<boolean>
  /** Ends a lease of this process early, so that another process can do the work at once. */
  release(name: string): Promise<void>
  /** Tells the other processes that this one runs. Call this method when all listeners are there. */
  join(): void
  /** Says goodbye to the other processes. */
  leave(): Promise<void>
}

export interface PeerAnswer {
  readonly from: string
  readonly answer: unknown
}

/**
 * A map of texts. Each process keeps a copy, which gets the changes of other processes within milliseconds. While Redis
 * is away, the copy stays as it is.
 */
export interface SharedMap {
  /** Resolves when the copy has the entries of the other processes. */
  readonly ready: Promise<void>
  get(key: string): string | undefined
  entries(): Iterable<readonly [key: string, value: string]>
  /** Reads an entry from Redis if the copy does not have it yet. Rejects with `LogUnavailable`. */
  find(key: string): Promise<string | undefined>
  /**
   * Sets an entry; null deletes it. The copy changes at once. Resolves when the other processes can read the entry.
   * Rejects with `LogUnavailable` if Redis is away. Then the other processes get the change when Redis is back, unless
   * one of them has changed the same entry.
   */
  set(key: string, value: string | null): Promise<void>
  /** Sets an entry that does not exist. Resolves with false if it exists. Rejects with `LogUnavailable`. */
  add(key: string, value: string): Promise<boolean>
  /** Deletes an entry. Only one of several callers gets its value. Rejects with `LogUnavailable`. */
  take(key: string): Promise<string | undefined>
  /**
   * Changes several entries in one step. If an entry does not have its value `before`, changes nothing, reads these
   * entries again and resolves with false. Rejects with `LogUnavailable`.
   */
  change(changes: readonly EntryChange[]): Promise<boolean>
  /** Calls `listener` after each change that another process has made. Undefined: the entry is deleted. */
  onChange(listener: (key: string, value: string | undefined) => void): void
}

/** A change of an entry of a map. Null stands for no entry. */
export interface EntryChange {
  readonly key: string
  readonly before: string | null
  readonly after: string | null
}

/** Time in which another process must answer a question. */
export const ANSWER_MS = 2000
