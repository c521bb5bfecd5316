/** A queue of waiting callers. In each turn of the event loop, the queue lets at most `atOnce` callers continue. */
export interface Turns {
  next(): Promise<void>
}

export function createTurns(atOnce: number): Turns {
  const queue: (() => void)[] = []

  return {
    next: () =>
      new Promise((resolve) => {
        if (queue.push(resolve) === 1) setImmediate(serve)
      }),
  }

  function serve(): void {
    for (const resolve of queue.splice(0, atOnce)) resolve()
    if (queue.length > 0) setImmediate(serve)
  }
}
