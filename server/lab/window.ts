/** Computes the median of the last 32 values. A single extreme value hardly changes the median. */
export interface Window {
  add(value: number): void
  /** Returns the median; null before the first value. */
  median(): number | null
}

const LENGTH = 32

export function createWindow(): Window {
  const values: number[] = []
  return {
    add(value) {
      values.push(value)
      if (values.length > LENGTH) values.shift()
    },
    median: () => values.toSorted((a, b) => a - b)[values.length >> 1] ?? null,
  }
}
