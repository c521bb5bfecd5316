/**
 * Places marks so that none covers another. Each mark stays as near to its wanted place as the `gap` to the next mark
 * allows. All marks stay between `top` and `bottom`, in the order of their wanted places. A mark that was moved no
 * longer shows its exact value.
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
