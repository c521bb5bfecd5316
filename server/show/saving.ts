/** Saves the show a few times a second. All changes of this time are saved together. */
import { FeedError } from '../http/errors.ts'

export interface Saving {
  /**
   * Resolves when everything that has changed until now is saved. Rejects with `log-unavailable` (503) if it cannot be
   * saved.
   */
  save(): Promise<void>
}

/** Creates the saving. `write` writes the present show. `trouble` is called with each error of `write`. */
export function createSaving(write: () => Promise<void>, everyMs: number, trouble: (error: unknown) => void): Saving {
  let next: PromiseWithResolvers<void> | null = null
  let isBusy = false
  let lastMs = -Infinity

  return {
    save() {
      next ??= Promise.withResolvers()
      const { promise } = next
      // A caller may ignore the result.
      promise.catch(() => {})
      begin()
      return promise
    },
  }

  function begin(): void {
    if (isBusy) return
    isBusy = true
    setTimeout(() => void writeNow(), Math.max(0, lastMs + everyMs - performance.now()))
  }

  async function writeNow(): Promise<void> {
    const now = next
    next = null
    lastMs = performance.now()
    try {
      await write()
      now?.resolve()
    } catch (error) {
      trouble(error)
      now?.reject(new FeedError('log-unavailable', 'The file of the show cannot be written.', REMEDY))
    }
    isBusy = false
    if (next) begin()
  }
}

const REMEDY = 'The change applies until the server ends. Check the disk that --data names, and repeat the change.'
