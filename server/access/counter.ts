/** Counts the places that each client and each address holds. */
export interface Counter {
  /** Returns the number of places that the key holds, at all processes. */
  count(key: unknown): number
  /** Returns the number of places that the key holds at other processes. */
  elsewhere(key: unknown): number
  take(key: unknown): void
  give(key: unknown): void
}

/** Creates a counter of this process. `changed` is called after each change of a key's number. */
export function createCounter(changed: (key: unknown, count: number) => void = () => {}): Counter {
  const counts = new Map<unknown, number>()
  const count = (key: unknown): number => counts.get(key) ?? 0
  const set = (key: unknown, to: number): void => {
    if (to > 0) counts.set(key, to)
    else counts.delete(key)
    changed(key, to)
  }
  return {
    count,
    elsewhere: () => 0,
    take: (key) => set(key, count(key) + 1),
    give: (key) => set(key, Math.max(0, count(key) - 1)),
  }
}
