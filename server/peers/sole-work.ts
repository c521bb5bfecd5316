/** Work that only one of several processes does at a time. What the work has saved outlives the process. */

export interface SoleWork {
  /**
   * Takes the work, or keeps it, for the next `ms`. `isForced`: also takes work whose latest text is lost. Rejects with
   * `LogUnavailable`.
   */
  take(ms: number, isForced: boolean): Promise<TakenWork>
  /**
   * Saves a text in place of the last one. Resolves with false if another process has taken the work since, so a process
   * that was paused overwrites nothing. Rejects with `LogUnavailable`.
   */
  save(text: string): Promise<boolean>
  /** Adds a text to those that are kept, of which there are at most `MOST_KEPT`. Resolves and rejects as `save`. */
  keep(text: string): Promise<boolean>
  /** Returns the kept texts, the newest first. Rejects with `LogUnavailable`. */
  kept(): Promise<readonly string[]>
  /** Notes the number of the process that does the work, as this process has heard it. */
  note(number: number): void
  /** Gives the work up, so that the next `take` of this process takes it as any other process does. */
  drop(): void
  /** Ends the work early, so that another process can take it at once. */
  release(): Promise<void>
}

/**
 * What `take` has found. Each process that takes the work gets a higher number than all processes before it.
 * - `other`: another process does the work.
 * - `lost`: the store has lost the latest text. The process that did the work may still have it and take the work again.
 * - `taken`: this process begins the work. `text`: what was saved last. `isLost`: it is not the latest text.
 * - `held`: this process continues the work. `isLost`: the store has lost the latest text.
 */
export type TakenWork =
  | { readonly is: 'other' }
  | { readonly is: 'lost' }
  | { readonly is: 'taken'; readonly number: number; readonly text: string | null; readonly isLost: boolean }
  | { readonly is: 'held'; readonly isLost: boolean }

export const MOST_KEPT = 20
