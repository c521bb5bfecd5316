/**
 * Moves an item to its position. If two people move the same item, every page applies both moves in the order of the
 * log, so all pages show the same board.
 */

/** A task or a list. Only a task has the member `list`. */
interface Placed {
  readonly id: string
  readonly list?: string
}

/**
 * Returns the items, with `one` moved to just before the item `before`. If `before` is null or is not in the same list
 * as `one`, `one` becomes the last item of its list.
 */
export function place<T extends Placed>(all: readonly T[], one: T, before: string | null): readonly T[] {
  const others = all.filter(({ id }) => id !== one.id)
  const at = others.findIndex(({ id, list }) => id === before && list === one.list)
  return at < 0 ? [...others, one] : others.toSpliced(at, 0, one)
}

/** Returns the id of the next item in the same list; null if this item is the last. */
export function nextOf(all: readonly Placed[], { id, list }: Placed): string | null {
  const inList = all.filter((other) => other.list === list)
  return inList[inList.findIndex((other) => other.id === id) + 1]?.id ?? null
}
