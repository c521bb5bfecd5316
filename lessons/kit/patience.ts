/** How long to wait for a program: in time that it has had, and the kit too. On a busy machine both get less of it. */

/** A clock of its own. It stands still while either of the two gets no processor, and is over when the program is. */
export interface Patience {
  /** Infinity from the end of the program on. */
  readonly nowMs: number
  /** Calls back once when so much has gone by, at the latest with the end of the program. What it returns calls that off. */
  after(ms: number, call: () => void): () => void
}

export interface OwnPatience extends Patience {
  /** To be called when both have had their turn since the last step. */
  step(ms: number): void
  end(): void
}

interface Waiting {
  readonly untilMs: number
  readonly call: () => void
}

export function createPatience(): OwnPatience {
  const waiting = new Set<Waiting>()
  let nowMs = 0

  const moveTo = (ms: number) => {
    nowMs = ms
    for (const one of waiting) {
      if (one.untilMs > nowMs) continue
      waiting.delete(one)
      one.call()
    }
  }
  return {
    get nowMs() {
      return nowMs
    },
    after(ms, call) {
      const one = { untilMs: nowMs + ms, call }
      waiting.add(one)
      if (nowMs === Infinity) queueMicrotask(() => moveTo(Infinity))
      return () => waiting.delete(one)
    },
    step: (ms) => moveTo(nowMs + ms),
    end: () => moveTo(Infinity),
  }
}
