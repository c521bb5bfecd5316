/**
 * Computes a lane's cost: how many bytes of a message serve each purpose, how many bytes the model expects, and what a
 * thousand readers would cost in an hour.
 */
import type { Split } from '../../server/protocol/wire.ts'
import type { ModelInputs, LaneSizes } from '../measure/model.ts'
import { now } from '../now.ts'
import { transports } from '../transports/index.ts'
import type { Lane } from '../lane/lane.ts'
import type { Usage } from '../lane/usage.ts'

/** How many bytes served each purpose, per message or in total. */
export interface CostParts {
  readonly payload: number
  readonly framing: number
  /** Bytes of all request heads and response heads, and of all request bodies. */
  readonly heads: number
  /** Bytes that carried no message: empty polls and heartbeats. */
  readonly nothing: number
}

export interface Hour {
  readonly requests: number
  readonly bytes: number
}

const HOUR_S = 3600
/** Number of readers whose hour `hourFor` projects. */
export const READERS = 1000
/**
 * Shortest time in seconds from which the page projects an hour. In a shorter time, the first request would look like a
 * flood.
 */
const LEAST_S = 5

/** Returns how many bytes of a message served each purpose; null before a message has arrived. */
export function partsPerMessage({ recent }: Lane['usage']): CostParts | null {
  if (!recent || recent.messages <= 0) return null
  const { payload, framing, heads, nothing } = partsOf(recent.split)
  const each = (bytes: number): number => bytes / recent.messages
  return { payload: each(payload), framing: each(framing), heads: each(heads), nothing: each(nothing) }
}

function partsOf({
  payload,
  framing,
  requestHeads,
  requestBodies,
  responseHeads,
  empty,
  heartbeats,
}: Split): CostParts {
  return { payload, framing, heads: requestHeads + requestBodies + responseHeads, nothing: empty + heartbeats }
}

/**
 * Returns how many bytes per message the model expects, from the sizes that the meter measured on this lane; null
 * before the meter has measured them.
 */
export function expectedCost(lane: Lane, conditions: ModelInputs): number | null {
  const { total } = lane.usage
  const sizes = total && sizesOf(lane, total)
  return sizes && transports[lane.transport].model.bytesPerMessage(sizes, conditions)
}

/** Returns the average sizes that the meter measured on this lane; null before the lane has carried a message. */
export function sizesOf(
  { transport, marks }: Pick<Lane, 'transport' | 'marks'>,
  { split, messages }: Usage,
): LaneSizes | null {
  const carriers = transports[transport].kind === 'poll' ? marks.useful : messages
  if (carriers <= 0 || messages <= 0) return null
  const heads = (split.requestHeads + split.responseHeads) / carriers
  return {
    payload: split.payload / messages,
    heads,
    framing: split.framing / carriers,
    // An empty response has no body, so it is about as large as any other head.
    empty: marks.empty > 0 && split.empty > 0 ? split.empty / marks.empty : heads,
  }
}

/**
 * Projects the lane's recent traffic to a thousand readers for an hour. Polls go on at the same rate, but each reader
 * opens a stream only once.
 */
export function hourFor(lane: Lane): Hour | null {
  const { recent, total } = lane.usage
  if (!recent || !total) return null
  const elapsedS = Math.max(LEAST_S, (now() - lane.tally.sinceMs) / 1000)
  const { payload, framing, heads, nothing } = partsOf(recent.split)
  const hours = HOUR_S / elapsedS
  if (transports[lane.transport].kind === 'poll')
    return {
      requests: lane.tally.requests * hours * READERS,
      bytes: (payload + framing + heads + nothing) * hours * READERS,
    }
  const handshake = partsOf(total.split).heads / Math.max(1, total.connections)
  return { requests: READERS, bytes: ((payload + framing + nothing) * hours + handshake) * READERS }
}

/**
 * Returns the end of the scale that all lanes share: the first of 1,000, 2,000, 5,000, 10,000 and so on that is not
 * below `bytes`.
 */
export function scaleFor(bytes: number): number {
  for (let decade = 1000; ; decade *= 10)
    for (const step of [1, 2, 5]) if (bytes <= step * decade || decade > 1e9) return step * decade
}
