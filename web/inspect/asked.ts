/** Finds the browser's mark for an exchange, with the times that the browser knows. */
import type { BrowserTimes } from './timing.ts'

/** The lists of a lane's marks that the search needs. */
interface Marks {
  readonly exchanges: readonly (Tried & Pick<BrowserTimes, 'sentAtMs'> & { readonly endedAtMs: number | null })[]
  readonly streams: readonly (Tried & { readonly openedAtMs: number | null })[]
  readonly sent: readonly { readonly atMs: number; readonly exchange?: number }[]
}

interface Tried {
  readonly askedAtMs: number
  readonly failed?: string
  /** The exchange that this mark was matched to, if the match is certain. */
  readonly crossed?: { readonly exchange: number }
}

/** Times of the browser for an exchange; null if the browser knows no such exchange, or the match is uncertain. */
export function askedFor(exchange: number, { exchanges, streams, sent }: Marks): BrowserTimes | null {
  const isIt = ({ crossed }: Tried): boolean => crossed?.exchange === exchange
  const poll = exchanges.findLast(isIt)
  if (poll) return { ...poll, arrivedAtMs: poll.failed ? null : poll.endedAtMs }
  const stream = streams.findLast(isIt)
  if (stream) return { askedAtMs: stream.askedAtMs, arrivedAtMs: stream.openedAtMs }
  const publish = sent.findLast((mark) => mark.exchange === exchange)
  return publish ? { askedAtMs: publish.atMs, arrivedAtMs: null } : null
}
