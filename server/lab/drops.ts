/**
 * Tells a page that the server has dropped one of its lanes, and for which reason. An event stream or a poll has no
 * means to carry the reason.
 */
import { now } from '../now.ts'
import type { LabMessage } from '../protocol/lab.ts'
import type { ProgressWatch } from '../transports/progress.ts'
import type { LaneReader } from './lanes.ts'

/**
 * Starts to report drops to a page. Returns a function that stops the reports. `page` is the first part of the names
 * of the page's lanes.
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
