/**
 * Finds many patterns in one pass over a text (Aho and Corasick, "Efficient string matching", 1975).
 * The time is linear in the length of the text and of the patterns.
 */
import type { Work } from './slices.ts'

export interface Matcher {
  /**
   * Returns an array with a 1 for each character of the text that is part of a found pattern, and a 0 for each other
   * character.
   */
  marks(text: string): Work<Uint8Array>
}

/** Number of characters between two pauses. */
const PAUSE_CHARACTERS = 1024

/** Number of character codes. Patterns and texts are Latin-1, so every code is smaller than 256. */
const CODES = 256

/** Creates a matcher. No pattern may be empty. */
export function* createMatcher(patterns: Iterable<string>): Work<Matcher> {
  /**
   * Edges of the trie of all patterns. The key combines a node and a character code, and the value is the next node.
   * Node 0 is the root.
   */
  const next = new Map<number, number>()
  /** For each node: the node of the longest proper suffix of the node's text that the trie contains. */
  const suffix = [0]
  /** For each node: the length of the longest pattern with which the node's text ends. */
  const longest = [0]
  const growing = Array.from(patterns, (pattern) => ({ pattern, node: 0 })).toSorted(byLength)

  // Each turn of the loop adds the next character of every pattern to the trie. A suffix is shorter than its text, so
  // the node of a suffix already exists.
  for (let depth = 1; growing.length > 0; depth++) {
    for (const place of growing) place.node = childOf(place.node, place.pattern.charCodeAt(depth - 1))
    for (let last = growing.at(-1); last?.pattern.length === depth; last = growing.at(-1)) {
      longest[last.node] = depth
      growing.pop()
    }
    yield
  }

  return { marks }

  function childOf(node: number, code: number): number {
    const known = next.get(node * CODES + code)
    if (known !== undefined) return known
    const child = suffix.length
    const shorter = node === 0 ? 0 : step(suffix[node] ?? 0, code)
    next.set(node * CODES + code, child)
    suffix.push(shorter)
    longest.push(longest[shorter] ?? 0)
    return child
  }

  /**
   * Finds the longest suffix of the node's text whose node has a child for this character, and returns this child.
   * Returns the root if no suffix has such a child.
   */
  function step(from: number, code: number): number {
    for (let node = from; ; node = suffix[node] ?? 0) {
      const child = next.get(node * CODES + code)
      if (child !== undefined) return child
      if (node === 0) return 0
    }
  }

  function* marks(text: string): Work<Uint8Array> {
    const lengths = new Uint32Array(text.length)
    for (let at = 0, node = 0; at < text.length; at++) {
      node = step(node, text.charCodeAt(at))
      lengths[at] = longest[node] ?? 0
      if (at % PAUSE_CHARACTERS === 0) yield
    }
    const marks = new Uint8Array(text.length)
    // The loop runs backwards, so that a match inside a longer match takes no extra time.
    for (let at = text.length - 1, left = 0; at >= 0; at--, left--) {
      left = Math.max(left, lengths[at] ?? 0)
      if (left > 0) marks[at] = 1
      if (at % PAUSE_CHARACTERS === 0) yield
    }
    return marks
  }
}

const byLength = (a: { pattern: string }, b: { pattern: string }): number => b.pattern.length - a.pattern.length
