/**
 * Computes the cost of a lane: the bytes of a message by purpose, the bytes that the model expects, and an hour for a
 * thousand readers.
 */
import type { Split } from '../../server/protocol/wire.ts'
import type { ModelInputs, LaneSizes } from '../measure/model.ts'
import { now } from '../now.ts'
import { transports } from '../transports/index.ts'
import type { Lane } from '../lane/lane.ts'
import type { Usage } from '../lane/usage.ts'

/** Bytes by purpose, per message or in total. */
export interface CostParts {
  readonly payload: number
  readonly framing: number
  /** Bytes of all heads, and of request bodies. */
  readonly heads: number
  /** Bytes of empty polls and heartbeats. */
  readonly nothing: number
}

export interface Hour {
  readonly requests: number
  readonly bytes: number
}

const HOUR_S = 3600
const READERS = 1000
/** Shortest time to project from, so that the first request does not look like a flood. */
const LEAST_S = 5

/** Bytes per message by purpose; null before a message has come. */
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
 * Expected bytes per message, computed from the sizes that the meter measured on this lane; null before there are
 * sizes.
 */
export function expectedCost(lane: Lane, conditions: ModelInputs): number | null {
  const { total } = lane.usage
  const sizes = total && sizesOf(lane, total)
  return sizes && transports[lane.transport].model.bytesPerMessage(sizes, conditions)
}

/** Average sizes that the meter measured on this lane; null before it carried a message. */
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
    // Without a body, an empty response is about as large as any other head.
    empty: marks.empty > 0 && split.empty > 0 ? split.empty / marks.empty : heads,
  }
}

/**
 * Projects the recent traffic to a thousand readers for an hour. Polls repeat at the same rate; a stream is opened
 * once per reader.
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

/** End of the common scale of all lanes: 1,000 bytes, or the next of 2,000, 5,000 and so on. */
export function scaleFor(bytes: number): number {
  for (let decade = 1000; ; decade *= 10)
    for (const step of [1, 2, 5]) if (bytes <= step * decade || decade > 1e9) return step * decade
}
