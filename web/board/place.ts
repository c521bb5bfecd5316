/** Puts what was moved where it belongs. Two people may have moved the same one: whoever does this in the log's order gets the same board. */

/** A task, which is in a list; or a list, which is in none. */
interface Placed {
  readonly id: string
  readonly list?: string
}

/**
 * All with this one in front of `before`, once, wherever it stood before. At its list's end for null,
 * and where `before` is not in that list: somebody may have moved it away meanwhile.
 */
export function place<T extends Placed>(all: readonly T[], one: T, before: string | null): readonly T[] {
  const others = all.filter(({ id }) => id !== one.id)
  const at = others.findIndex(({ id, list }) => id === before && list === one.list)
  return at < 0 ? [...others, one] : others.toSpliced(at, 0, one)
}

/** In front of which it stands among these; null at the end. */
export function nextOf(all: readonly Placed[], { id, list }: Placed): string | null {
  const inList = all.filter((other) => other.list === list)
  return inList[inList.findIndex((other) => other.id === id) + 1]?.id ?? null
}
