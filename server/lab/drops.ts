/** Tells a page that the server has dropped one of its lanes, and the reason. An event stream or a poll cannot say so. */
import { now } from '../now.ts'
import type { LabMessage } from '../protocol/lab.ts'
import type { ProgressWatch } from '../transports/progress.ts'
import type { LaneReader } from './lanes.ts'

/** Starts to tell a page. Returns a function that stops it. `page`: the first part of the names of its lanes. */
export function tellDrops(
  progress: ProgressWatch,
  { readingOf }: LaneReader,
  page: string,
  tell: (message: LabMessage) => void,
): () => void {
  return progress.onDrop((url, reason) => {
    const lane = readingOf({ url })?.lane
    if (lane?.startsWith(`${page}.`)) tell({ type: 'dropped', lane, reason, at: now() })
  })
}
