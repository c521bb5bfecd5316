/**
 * Moves an item to its position. Moves applied in the order of the log give every page the same board, even if two
 * people moved the same item.
 */

/** A task or a list. Only a task belongs to a list. */
interface Placed {
  readonly id: string
  readonly list?: string
}

/**
 * Returns all items with `one` directly before `before`, and nowhere else. If `before` is null, or is no longer in
 * that list, `one` stands at the end of its list.
 */
export function place<T extends Placed>(all: readonly T[], one: T, before: string | null): readonly T[] {
  const others = all.filter(({ id }) => id !== one.id)
  const at = others.findIndex(({ id, list }) => id === before && list === one.list)
  return at < 0 ? [...others, one] : others.toSpliced(at, 0, one)
}

/** Id of the item after this one in the same list; null if it is the last. */
export function nextOf(all: readonly Placed[], { id, list }: Placed): string | null {
  const inList = all.filter((other) => other.list === list)
  return inList[inList.findIndex((other) => other.id === id) + 1]?.id ?? null
}
