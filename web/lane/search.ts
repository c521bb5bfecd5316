/**
 * Returns the index of the first item whose key is `key` or more; the list's length if there is no such item. The list
 * must ascend by key.
 */
export function firstAtOrAfter<T>(items: readonly T[], key: number, keyOf: (item: T) => number): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = items[middle]
    if (item !== undefined && keyOf(item) < key) low = middle + 1
    else high = middle
  }
  return low
}
