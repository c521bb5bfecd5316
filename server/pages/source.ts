import type { Source } from '../protocol/source.ts'
import { threadOf } from './thread.ts'

/**
 * Splits each line of TypeScript into pieces, each of one kind. A separate thread does this work: to load and compile
 * the grammar takes about 400 ms, and in the main thread this time would delay every measured lane.
 */
export async function highlight(path: string, text: string): Promise<Source> {
  return { path, lines: await split(text) }
}

const split = threadOf<string, Source['lines']>(new URL('./source-worker.ts', import.meta.url))
