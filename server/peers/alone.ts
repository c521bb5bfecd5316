/** The peers of a process that shares its log with no other process. */
import type { Peers, SharedMap } from './peers.ts'

export function alone(): Peers {
  return {
    own: crypto.randomUUID(),
    number: 0,
    others: () => [],
    onCome: () => {},
    onGone: () => {},
    tell: () => {},
    on: () => {},
    ask: async () => [],
    answer: () => {},
    map: ownMap,
    lease: async () => true,
    release: async () => {},
    join: () => {},
    leave: async () => {},
  }
}

function ownMap(): SharedMap {
  const entries = new Map<string, string>()
  return {
    ready: Promise.resolve(),
    get: (key) => entries.get(key),
    entries: () => entries,
    find: async (key) => entries.get(key),
    async set(key, value) {
      if (value === null) entries.delete(key)
      else entries.set(key, value)
    },
    async add(key, value) {
      if (entries.has(key)) return false
      entries.set(key, value)
      return true
    },
    async take(key) {
      const value = entries.get(key)
      entries.delete(key)
      return value
    },
    async change(changes) {
      if (changes.some(({ key, before }) => (entries.get(key) ?? null) !== before)) return false
      for (const { key, after } of changes) {
        if (after === null) entries.delete(key)
        else entries.set(key, after)
      }
      return true
    },
    onChange: () => {},
  }
}
