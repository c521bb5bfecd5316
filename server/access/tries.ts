import { alone } from '../peers/alone.ts'
import type { Peers } from '../peers/peers.ts'

export interface Tries {
  /** Returns the number of wrong tries of a key, and the time until its count ends. */
  of(key: string | object): { readonly tries: number; readonly leftMs: number }
  /** Counts one wrong try. */
  add(key: string | object): void
}

const TRIES_MS = 60_000

/**
 * Counts the wrong tries of each key. The count of a key begins with the key's first wrong try and ends one minute
 * later. Processes that share a Redis count together the tries of a key that is a text, for example of a name. A key that
 * is an object, for example a connection, belongs to one process.
 */
export function countTries(what: string, peers: Pick<Peers, 'tell' | 'on'> = alone()): Tries {
  const topic = `wrong try: ${what}`
  /** Maps each key to its count. The count that ends first comes first. */
  const counts = new Map<string | object, { tries: number; readonly untilMs: number }>()
  peers.on(topic, (key) => count(String(key)))

  return {
    of(key) {
      forget()
      const known = counts.get(key)
      return known ? { tries: known.tries, leftMs: known.untilMs - performance.now() } : { tries: 0, leftMs: 0 }
    },
    add(key) {
      count(key)
      if (typeof key === 'string') peers.tell(topic, key)
    },
  }

  function count(key: string | object): void {
    forget()
    const known = counts.get(key) ?? { tries: 0, untilMs: performance.now() + TRIES_MS }
    known.tries += 1
    counts.set(key, known)
  }

  function forget(): void {
    for (const [key, { untilMs }] of counts) {
      if (untilMs > performance.now()) return
      counts.delete(key)
    }
  }
}
