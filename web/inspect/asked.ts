/** Which of the lane's marks an exchange is: what the browser knows of it. */
import type { Inspected } from '../../server/protocol.ts'
import { reachedAt } from './timing.ts'
import type { Asked } from './timing.ts'

/** The clocks' difference is not known better than this, nor does every request reach the server before its answer's handler runs. */
const SLACK_MS = 5

/** What is needed of the lane's marks. */
interface Marks {
  readonly exchanges: readonly Poll[]
  readonly streams: readonly (Tried & { readonly openedAtMs: number | null })[]
  readonly sent: readonly { readonly atMs: number; readonly exchange?: number }[]
}

interface Tried {
  readonly askedAtMs: number
  readonly endedAtMs: number | null
  /** Where the lab told which exchange it is. */
  readonly crossed?: { readonly exchange: number }
}

interface Poll extends Tried {
  readonly sentAtMs?: number
  readonly failed?: string
}

/** The one that the lab told of, else the last one that had been asked when the request reached the server; null where the browser knows of none. */
export function askedFor(inspected: Inspected, marks: Marks, offsetMs: number | null): Asked | null {
  const reached = reachedAt(inspected)
  if (reached === null || offsetMs === null) return null
  const reachedMs = reached - offsetMs
  const [head] = inspected.parts
  if (head?.is === 'head' && head.text.startsWith('POST ')) {
    const sent = marks.sent.findLast(({ atMs }) => atMs <= reachedMs + SLACK_MS)
    return sent ? { askedAtMs: sent.atMs, arrivedAtMs: null } : null
  }
  const isIt = ({ crossed }: Tried): boolean => crossed?.exchange === inspected.exchange
  const fits = ({ askedAtMs, endedAtMs }: Tried): boolean =>
    askedAtMs <= reachedMs + SLACK_MS && (endedAtMs === null || endedAtMs >= reachedMs - SLACK_MS)
  const poll = marks.exchanges.findLast(isIt) ?? marks.exchanges.findLast(fits)
  if (poll) return { ...poll, arrivedAtMs: poll.failed ? null : poll.endedAtMs }
  const stream = marks.streams.findLast(isIt) ?? marks.streams.findLast(fits)
  return stream ? { askedAtMs: stream.askedAtMs, arrivedAtMs: stream.openedAtMs } : null
}
