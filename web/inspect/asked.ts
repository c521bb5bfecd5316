/** Which of the lane's marks an exchange is: what the browser knows of it. */
import type { Asked } from './timing.ts'

/** What is needed of the lane's marks. */
interface Marks {
  readonly exchanges: readonly (Tried & Pick<Asked, 'sentAtMs'> & { readonly endedAtMs: number | null })[]
  readonly streams: readonly (Tried & { readonly openedAtMs: number | null })[]
  readonly sent: readonly { readonly atMs: number; readonly exchange?: number }[]
}

interface Tried {
  readonly askedAtMs: number
  readonly failed?: string
  /** Where it is certain which exchange it is. */
  readonly crossed?: { readonly exchange: number }
}

/** Null where the browser knows of none, or it is not certain which. */
export function askedFor(exchange: number, { exchanges, streams, sent }: Marks): Asked | null {
  const isIt = ({ crossed }: Tried): boolean => crossed?.exchange === exchange
  const poll = exchanges.findLast(isIt)
  if (poll) return { ...poll, arrivedAtMs: poll.failed ? null : poll.endedAtMs }
  const stream = streams.findLast(isIt)
  if (stream) return { askedAtMs: stream.askedAtMs, arrivedAtMs: stream.openedAtMs }
  const publish = sent.findLast((mark) => mark.exchange === exchange)
  return publish ? { askedAtMs: publish.atMs, arrivedAtMs: null } : null
}
