/**
 * Which of many things on a rolling picture bear their label. Decided once for each, in the order
 * in which they come, and kept for as long as the scale stays: choosing anew with every frame would
 * make labels flicker while nothing happened but time.
 */
import { firstAtOrAfter } from '../../state/search.ts'

export interface Labels<T> {
  /** Decides about what is new; `items` ascend by their id. */
  update(items: readonly T[], pxPerMs: number): void
  has(item: T): boolean
}

export interface Labelling<T> {
  idOf(item: T): number
  atMs(item: T): number
  /** How many pixels to the right of it nothing else may begin. */
  spacePx(item: T): number
  /** May it bear one at all? Default: yes. */
  isEligible?(item: T): boolean
  /** A more important one takes the place of the one before it. */
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
