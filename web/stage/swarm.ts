/** MeasuredFigure values as shapes in columns that are one shape wide. */

export interface Swarm<T> {
  readonly marks: readonly SwarmMark<T>[]
  /** About half the height of a shape. */
  readonly r: number
}

export interface SwarmMark<T> {
  readonly of: T
  readonly x: number
  readonly y: number
}

/** Height and width of a shape with the space around it, as multiples of `r`. */
const ROW = 1.9
const COLUMN = 2.34
const STEP = 0.25
const SMALLEST = 1.5

/** Returns the largest `r` with which the fullest column of each list of positions fits into this height. */
export function fittingR(lists: readonly (readonly number[])[], left: number, height: number, largest: number): number {
  for (let r = largest; r > SMALLEST; r -= STEP)
    if (lists.every((xs) => fullest(xs, left, r) * ROW * r <= height)) return r
  return SMALLEST
}

function fullest(xs: readonly number[], left: number, r: number): number {
  const counts = new Map<number, number>()
  for (const x of xs) {
    const column = columnOf(x, left, r)
    counts.set(column, (counts.get(column) ?? 0) + 1)
  }
  return Math.max(0, ...counts.values())
}

/** Hangs the items below `top`, column by column, in the order in which they come. */
export function hang<T>(items: readonly T[], x: (item: T) => number, left: number, top: number, r: number): Swarm<T> {
  return { r, marks: place(items, x, left, r, (i) => top + (i + 0.5) * ROW * r) }
}

/** Stands the items around `middle`, column by column. A column that is fuller than `height` becomes denser. */
export function cluster<T>(
  items: readonly T[],
  x: (item: T) => number,
  left: number,
  middle: number,
  r: number,
  height: number,
): Swarm<T> {
  return {
    r,
    marks: place(items, x, left, r, (i, count) => {
      const pitch = Math.min(ROW * r, height / count)
      return middle + (i - (count - 1) / 2) * pitch
    }),
  }
}

function place<T>(
  items: readonly T[],
  x: (item: T) => number,
  left: number,
  r: number,
  y: (i: number, count: number) => number,
): readonly SwarmMark<T>[] {
  const columns = Map.groupBy(items, (item) => columnOf(x(item), left, r))
  return Array.from(columns).flatMap(([column, list]) =>
    list.map((of, i) => ({ of, x: left + (column + 0.5) * COLUMN * r, y: y(i, list.length) })),
  )
}

const columnOf = (x: number, left: number, r: number): number => Math.max(0, Math.floor((x - left) / (COLUMN * r)))
