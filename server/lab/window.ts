/** The median of the last few values: what is typical now, whatever happened once. */
export interface Window {
  add(value: number): void
  /** Null before the first value. */
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
