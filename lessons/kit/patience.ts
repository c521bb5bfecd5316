/** Counts time limits in turns of both processes, not in wall time. So a busy machine does not make a check fail. */

/** A clock that stands still while the program or the kit gets no processor, and ends with the program. */
export interface Patience {
  /** Time since the start of the program; Infinity after its end. */
  readonly nowMs: number
  /** Calls back once after this time, or at the end of the program. Returns a function that cancels the call. */
  after(ms: number, call: () => void): () => void
}

export interface OwnPatience extends Patience {
  /** Moves the clock; to be called when both processes have had a turn since the last step. */
  step(ms: number): void
  end(): void
}

interface Timeout {
  readonly untilMs: number
  readonly call: () => void
}

export function createPatience(): OwnPatience {
  const waiting = new Set<Timeout>()
  let nowMs = 0

  const moveTo = (ms: number) => {
    nowMs = ms
    for (const timeout of waiting) {
      if (timeout.untilMs > nowMs) continue
      waiting.delete(timeout)
      timeout.call()
    }
  }
  return {
    get nowMs() {
      return nowMs
    },
    after(ms, call) {
      const timeout = { untilMs: nowMs + ms, call }
      waiting.add(timeout)
      if (nowMs === Infinity) queueMicrotask(() => moveTo(Infinity))
      return () => waiting.delete(timeout)
    },
    step: (ms) => moveTo(nowMs + ms),
    end: () => moveTo(Infinity),
  }
}
