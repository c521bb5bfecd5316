/** Saves the show a few times a second, and an urgent change at once. All changes since the last save are saved together. */
import { FeedError } from '../http/errors.ts'

export interface Saving {
  /**
   * Resolves when everything that has changed until now is saved. Rejects with `log-unavailable` (503) if it cannot be
   * saved. `isUrgent`: does not wait until the next save is due.
   */
  save(isUrgent: boolean): Promise<void>
}

/** Creates the saving. `write` writes the present show. `trouble` is called with each error of `write`. */
export function createSaving(write: () => Promise<void>, everyMs: number, trouble: (error: unknown) => void): Saving {
  let next: PromiseWithResolvers<void> | null = null
  let isWriting = false
  let isHurried = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastMs = -Infinity

  return {
    save(isUrgent) {
      next ??= Promise.withResolvers()
      const { promise } = next
      // A caller may ignore the result.
      promise.catch(() => {})
      isHurried ||= isUrgent
      begin()
      return promise
    },
  }

  function begin(): void {
    if (isWriting) return
    if (isHurried) void writeNow()
    else timer ??= setTimeout(() => void writeNow(), Math.max(0, lastMs + everyMs - performance.now()))
  }

  async function writeNow(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    isHurried = false
    isWriting = true
    const now = next
    next = null
    lastMs = performance.now()
    try {
      await write()
      now?.resolve()
    } catch (error) {
      trouble(error)
      now?.reject(
        error instanceof FeedError
          ? error
          : new FeedError('log-unavailable', 'The file of the show cannot be written.', REMEDY),
      )
    }
    isWriting = false
    if (next) begin()
  }
}

const REMEDY = 'The change applies until the server ends. Check the disk that --data names, and repeat the change.'
