/** Tells a page which of its lanes the server has dropped and why: an event stream and a poll have no words for it. */
import { now } from '../now.ts'
import type { LabMessage } from '../protocol.ts'
import type { Progress } from '../transports/progress.ts'
import { readingOf } from './lanes.ts'

/** Answers what ends it. `page`: the first part of its lanes' names. */
export function tellDrops(progress: Progress, page: string, tell: (message: LabMessage) => void): () => void {
  return progress.onDrop((url, reason) => {
    const lane = readingOf({ url })?.lane
    if (lane?.startsWith(`${page}.`)) tell({ type: 'dropped', lane, reason, at: now() })
  })
}
