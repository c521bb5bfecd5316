/** Adds the byte counts of all processes that share a Redis. */
import type { LaneBytes, Lanes, Split, WireBytes } from '../protocol/wire.ts'

/** Returns the sums. The id of the run changes when a process begins or ends, because the counts of an ended one are lost. */
export function sumOfLanes(all: readonly Lanes[]): Lanes {
  const lanes = new Map<string, LaneBytes>()
  for (const one of all.flatMap((each) => each.lanes)) {
    const { lane, transport } = one
    const before = lanes.get(lane)
    lanes.set(lane, before ? { lane, transport: before.transport ?? transport, ...sumOf([before, one]) } : one)
  }
  return {
    life: all
      .map(({ life }) => life)
      .toSorted()
      .join('+'),
    lanes: [...lanes.values()],
    other: sumOf(all.map(({ other }) => other)),
    unclaimed: {
      bytesUp: total(all, ({ unclaimed }) => unclaimed.bytesUp),
      bytesDown: total(all, ({ unclaimed }) => unclaimed.bytesDown),
    },
  }
}

function sumOf(all: readonly WireBytes[]): WireBytes {
  const purpose = (name: keyof Split): number => total(all, ({ split }) => split[name])
  return {
    requests: total(all, ({ requests }) => requests),
    connections: total(all, ({ connections }) => connections),
    bytesUp: total(all, ({ bytesUp }) => bytesUp),
    bytesDown: total(all, ({ bytesDown }) => bytesDown),
    split: {
      requestHeads: purpose('requestHeads'),
      requestBodies: purpose('requestBodies'),
      responseHeads: purpose('responseHeads'),
      framing: purpose('framing'),
      payload: purpose('payload'),
      empty: purpose('empty'),
      heartbeats: purpose('heartbeats'),
    },
  }
}

const total = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((sum, one) => sum + of(one), 0)
