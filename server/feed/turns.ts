/** At most so many have their turn between two looks at what else there is to do; the others wait in line. */
export interface Turns {
  next(): Promise<void>
}

export function createTurns(atOnce: number): Turns {
  const line: (() => void)[] = []

  return {
    next: () =>
      new Promise((resolve) => {
        if (line.push(resolve) === 1) setImmediate(serve)
      }),
  }

  function serve(): void {
    for (const resolve of line.splice(0, atOnce)) resolve()
    if (line.length > 0) setImmediate(serve)
  }
}
