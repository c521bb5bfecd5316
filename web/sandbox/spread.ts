/**
 * Places marks that would cover each other. Each stays as near to its own place as the `gap` to the next one allows.
 * All are between `top` and `bottom`, in the order of their own places. The place of a moved mark is no longer exact.
 */
export function spread(wanted: readonly number[], gap: number, top: number, bottom: number): number[] {
  const placed = wanted.map((y, i) => ({ i, y })).toSorted((a, b) => a.y - b.y)
  let lowest = bottom
  for (const mark of placed.toReversed()) {
    mark.y = Math.min(mark.y, lowest)
    lowest = mark.y - gap
  }
  let highest = top
  for (const mark of placed) {
    mark.y = Math.max(mark.y, highest)
    highest = mark.y + gap
  }
  const places = [...wanted]
  for (const { i, y } of placed) places[i] = y
  return places
}
