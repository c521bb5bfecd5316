/**
 * Tells a page that the server has dropped one of the page's lanes, and gives the reason. An event stream or a poll
 * cannot carry this reason itself.
 */
import { now } from '../now.ts'
import type { LabMessage } from '../protocol/lab.ts'
import type { ProgressWatch } from '../transports/progress.ts'
import type { LaneReader } from './lanes.ts'

/**
 * Calls `tell` each time the server drops a lane of a page. Returns a function that stops these calls. `page`: the name
 * of the page, with which the names of the page's lanes begin.
 */
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
