/** Finds the browser's mark for an exchange. The mark has the times that the browser knows. */
import type { BrowserTimes } from './timing.ts'

/** The lists of a lane's marks in which this file searches. */
interface Marks {
  readonly exchanges: readonly (Tried & Pick<BrowserTimes, 'sentAtMs'> & { readonly endedAtMs: number | null })[]
  readonly streams: readonly (Tried & { readonly openedAtMs: number | null })[]
  readonly sent: readonly { readonly atMs: number; readonly exchange?: number }[]
}

interface Tried {
  readonly askedAtMs: number
  readonly failed?: string
  /** The exchange to which this mark belongs, if that is certain. */
  readonly crossed?: { readonly exchange: number }
}

/**
 * Returns the browser's times for an exchange; null if the browser knows no such exchange, or if it is uncertain which
 * mark belongs to it.
 */
export function askedFor(exchange: number, { exchanges, streams, sent }: Marks): BrowserTimes | null {
  const isIt = ({ crossed }: Tried): boolean => crossed?.exchange === exchange
  const poll = exchanges.findLast(isIt)
  if (poll) return { ...poll, arrivedAtMs: poll.failed ? null : poll.endedAtMs }
  const stream = streams.findLast(isIt)
  if (stream) return { askedAtMs: stream.askedAtMs, arrivedAtMs: stream.openedAtMs }
  const publish = sent.findLast((mark) => mark.exchange === exchange)
  return publish ? { askedAtMs: publish.atMs, arrivedAtMs: null } : null
}
