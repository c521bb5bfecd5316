/** What a lane costs: the bytes of a message by what they are for, what the model expects, and an hour of it for a thousand readers. */
import type { Split } from '../../server/protocol.ts'
import { expectedBytes } from '../measure/model.ts'
import type { Conditions, Sizes } from '../measure/model.ts'
import { now } from '../now.ts'
import type { Lane } from './lane.ts'
import type { Usage } from './usage.ts'

/** In bytes per message, or of whatever else. */
export interface Parts {
  readonly payload: number
  readonly framing: number
  /** What goes up beside the heads counts here as well. */
  readonly heads: number
  /** Empty polls and heartbeats. */
  readonly nothing: number
}

export interface Hour {
  readonly requests: number
  readonly bytes: number
}

const HOUR_S = 3600
const READERS = 1000
/** Over at least a few seconds, so that the first request is no storm. */
const LEAST_S = 5

/** Null before a message has come. */
export function partsPerMessage({ recent }: Lane['usage']): Parts | null {
  if (!recent || recent.messages <= 0) return null
  const { payload, framing, heads, nothing } = partsOf(recent.split)
  const each = (bytes: number): number => bytes / recent.messages
  return { payload: each(payload), framing: each(framing), heads: each(heads), nothing: each(nothing) }
}

function partsOf({ payload, framing, requestHeads, requestBodies, responseHeads, empty, heartbeats }: Split): Parts {
  return { payload, framing, heads: requestHeads + requestBodies + responseHeads, nothing: empty + heartbeats }
}

/** With the sizes that the meter has found on this lane since the page was opened; null before there are any. */
export function expectedCost(lane: Lane, conditions: Conditions): number | null {
  const { total } = lane.usage
  const sizes = total && sizesOf(lane, total)
  return sizes && expectedBytes(lane.transport, sizes, conditions)
}

/** As the meter has found them on this lane; null before it carried anything. */
export function sizesOf(
  { transport, marks }: Pick<Lane, 'transport' | 'marks'>,
  { split, messages }: Usage,
): Sizes | null {
  const isPoll = transport === 'short-poll' || transport === 'long-poll'
  const carriers = isPoll ? marks.useful : messages
  if (carriers <= 0 || messages <= 0) return null
  const heads = (split.requestHeads + split.responseHeads) / carriers
  return {
    payload: split.payload / messages,
    heads,
    framing: split.framing / carriers,
    // Without its body an empty answer is much like the head of any other.
    empty: marks.empty > 0 && split.empty > 0 ? split.empty / marks.empty : heads,
  }
}

/** If a thousand people read this feed for an hour like this one: polls go on as they do, a stream is opened once. */
export function hourFor(lane: Lane): Hour | null {
  const { recent, total } = lane.usage
  if (!recent || !total) return null
  const elapsedS = Math.max(LEAST_S, (now() - lane.tally.sinceMs) / 1000)
  const { payload, framing, heads, nothing } = partsOf(recent.split)
  const hours = HOUR_S / elapsedS
  if (lane.transport === 'short-poll' || lane.transport === 'long-poll')
    return {
      requests: lane.tally.requests * hours * READERS,
      bytes: (payload + framing + heads + nothing) * hours * READERS,
    }
  const handshake = partsOf(total.split).heads / Math.max(1, total.connections)
  return { requests: READERS, bytes: ((payload + framing + nothing) * hours + handshake) * READERS }
}

/** The end of the one scale for all lanes: 1,000 bytes, or the next of 2,000, 5,000 and so on. */
export function scaleFor(bytes: number): number {
  for (let decade = 1000; ; decade *= 10)
    for (const step of [1, 2, 5]) if (bytes <= step * decade || decade > 1e9) return step * decade
}
