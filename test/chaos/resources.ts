/** Resources that keep a process alive. */

/** Number of resources of each kind. */
export type Resources = Readonly<Record<string, number>>

/** Counts the resources of this process. */
export function here(): Resources {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

export const isNoMore = (left: Resources, before: Resources): boolean =>
  ['TCPSocketWrap', 'TCPServerWrap', 'Timeout', 'Immediate'].every((kind) => (left[kind] ?? 0) <= (before[kind] ?? 0))
