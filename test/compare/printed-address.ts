import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * Resolves with the address that a Fourwire prints when it listens, or with null if its output ends without one. The
 * rest of the output stays unread.
 */
export async function printedAddress({ stdout }: ChildProcess): Promise<string | null> {
  if (!stdout) return null
  for await (const line of createInterface(stdout)) {
    const [, origin] = /^Fourwire is at (http:\S+)/.exec(line) ?? []
    if (origin !== undefined) return origin
  }
  return null
}
