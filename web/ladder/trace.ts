import { firstAtOrAfter } from '../lane/search.ts'
import type { Lane } from '../lane/lane.ts'
import type { ArrivalMark } from '../lane/mark.ts'
import type { Message } from '../lane/messages.ts'
import { LANES } from '../lane/order.ts'
import type { SessionFacts } from '../session/session.ts'
import { milliseconds } from '../page/format.ts'
import { createLabels } from './labels.ts'
import type { PendingMessage, Trace } from './geometry.ts'

type TracedSession = Pick<SessionFacts, 'messages' | 'offsetMs' | 'roundTripMs'>

/** Collects the data with which a lane's strip is drawn in one frame. */
export type Tracer = (pxPerMs: number, spacePx: (dense: boolean, text: string) => number, dense: boolean) => Trace

export function createTracer(session: TracedSession, lane: Lane): Tracer {
  const index = LANES.indexOf(lane.name)
  const textOf = ({ messages: [oldest] }: ArrivalMark): string | null => {
    const delayMs = oldest?.delayMs[index]
    return delayMs === undefined ? null : milliseconds(delayMs)
  }
  let space: (text: string) => number = () => 0
  const labels = createLabels<ArrivalMark>({
    idOf: ({ id }) => id,
    atMs: ({ atMs }) => atMs,
    spacePx: (arrival) => space(textOf(arrival) ?? ''),
  })

  return (pxPerMs, spacePx, dense) => {
    const offsetMs = session.offsetMs ?? Number.NaN
    const publishedAtMs = ({ event }: Message): number => event.at - offsetMs
    space = (text) => spacePx(dense, text)
    labels.update(lane.marks.arrivals, pxPerMs)
    return {
      name: lane.name,
      transport: lane.transport,
      exchanges: lane.marks.exchanges,
      streams: lane.marks.streams,
      arrivals: lane.marks.arrivals,
      sent: lane.marks.sent,
      beats: lane.marks.beats,
      cuts: lane.marks.cuts,
      gaps: lane.marks.gaps,
      pending: lane.on ? pendingOf(session, lane) : [],
      halfTripMs: (session.roundTripMs ?? 0) / 2,
      publishedAtMs,
      labelled: (arrival) => (labels.has(arrival) ? textOf(arrival) : null),
    }
  }
}

/**
 * Returns the messages that other lanes have brought and this lane has not. A lane brings messages in the order of the
 * feed, so the result is all messages after the lane's cursor.
 */
function pendingOf({ messages, offsetMs }: TracedSession, lane: Lane): readonly PendingMessage[] {
  const { all } = messages
  const first = firstAtOrAfter(all, messages.orderOf(lane.cursor) + 1, (message) => message.order)
  if (first === all.length) return []
  const travelling = lane.marks.travelling.map(({ id, leftAtMs }) => ({ order: messages.orderOf(id), leftAtMs }))
  return all.slice(first).map(({ event, order }) => ({
    publishedAtMs: event.at - (offsetMs ?? Number.NaN),
    leftAtMs: travelling.find((one) => one.order >= order)?.leftAtMs,
  }))
}
