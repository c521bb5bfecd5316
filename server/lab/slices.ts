/** Runs long computations in slices. Between two slices the event loop serves other clients. */

/** Computation that can pause at each `yield`. */
export type Work<T> = Generator<void, T, void>

export interface Slices {
  /** Starts the work when all earlier work is done. Rejects with the error that the work throws. */
  run<T>(work: () => Work<T>): Promise<T>
}

/** Length of a slice. In each turn of the event loop, other clients wait for this time. */
const SLICE_MS = 2

export function createSlices(sliceMs = SLICE_MS): Slices {
  let last: Promise<unknown> = Promise.resolve()
  return {
    run(work) {
      const result = last.then(() => inSlices(work(), sliceMs))
      last = result.catch(() => {})
      return result
    },
  }
}

async function inSlices<T>(work: Work<T>, sliceMs: number): Promise<T> {
  for (;;) {
    const endMs = performance.now() + sliceMs
    do {
      const { done, value } = work.next()
      if (done) return value
    } while (performance.now() < endMs)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
