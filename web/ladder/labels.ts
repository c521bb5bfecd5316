/**
 * Chooses which marks get a label while the picture rolls. This file decides once for each mark, in the order of the
 * marks, and decides again only if the scale changes. Decisions in every frame would make the labels flicker.
 */
import { firstAtOrAfter } from '../lane/search.ts'

export interface Labels<T> {
  /** Decides which new items get a label. `items` must ascend by id. */
  update(items: readonly T[], pxPerMs: number): void
  has(item: T): boolean
}

export interface Labelling<T> {
  idOf(item: T): number
  atMs(item: T): number
  /** Returns the free space, in pixels, that the label needs to the right of the item. */
  spacePx(item: T): number
  /** Reports whether the item may have a label. Default: every item may. */
  isEligible?(item: T): boolean
  /**
   * Reports whether the item is important. If an unimportant item just before it has a label, the important item gets
   * the label instead.
   */
  matters?(item: T): boolean
}

const MOST_KEPT = 4000

export function createLabels<T>({
  idOf,
  atMs,
  spacePx,
  isEligible = () => true,
  matters = () => false,
}: Labelling<T>): Labels<T> {
  let scale = 0
  let lastId = -Infinity
  let last: T | undefined
  let freeFromMs = -Infinity
  const chosen = new Set<number>()

  const start = (pxPerMs: number): void => {
    scale = pxPerMs
    lastId = freeFromMs = -Infinity
    last = undefined
    chosen.clear()
  }

  const decide = (item: T): void => {
    const id = idOf(item)
    lastId = id
    if (!isEligible(item)) return
    if (atMs(item) < freeFromMs) {
      if (!matters(item) || last === undefined || matters(last)) return
      chosen.delete(idOf(last))
    }
    chosen.add(id)
    last = item
    freeFromMs = atMs(item) + spacePx(item) / scale
  }

  return {
    update(items, pxPerMs) {
      if (pxPerMs !== scale || chosen.size > MOST_KEPT) start(pxPerMs)
      for (const item of items.slice(firstAtOrAfter(items, lastId + 1, idOf))) decide(item)
    },
    has: (item) => chosen.has(idOf(item)),
  }
}
