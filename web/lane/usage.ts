/**
 * Counts the bytes that a lane has used, as the server's meter reports them. Also counts the messages that the lane
 * brought while it used these bytes.
 */
import type { LaneBytes, Split } from '../../server/protocol/wire.ts'

export interface Usage {
  readonly bytesUp: number
  readonly bytesDown: number
  readonly connections: number
  readonly split: Split
  /** Number of messages that the lane brought. */
  readonly messages: number
}

export interface UsageMeter {
  /** Usage since the page was opened; null before the first reading of the meter. */
  readonly total: Usage | null
  /** Usage since the figures last began; null before the first reading of the meter. */
  readonly recent: Usage | null
  /**
   * Adds a reading of the server's meter. `life` names the server's run. `messages` is the number of messages that the
   * lane has brought since the page was opened.
   */
  take(life: string, reading: LaneBytes, messages: number): void
  /** Starts the figures again at the last reading of the meter, which is at most half a second old. */
  clear(): void
}

const NONE: Usage = {
  bytesUp: 0,
  bytesDown: 0,
  connections: 0,
  split: { requestHeads: 0, requestBodies: 0, responseHeads: 0, framing: 0, payload: 0, empty: 0, heartbeats: 0 },
  messages: 0,
}

export function createUsageMeter(): UsageMeter {
  /** The last reading of each run of a server. Several processes on one Redis run at the same time. */
  const last = new Map<string, LaneBytes>()
  /** Usage from before a server last forgot this lane. */
  let before = NONE
  let total: Usage | null = null
  let began = NONE

  return {
    get total() {
      return total
    },
    get recent() {
      return total && combine(total, began, -1)
    },
    take(life, reading, messages) {
      const known = last.get(life)
      if (known && isForgotten(known, reading)) before = combine(before, { ...known, messages: 0 }, 1)
      last.set(life, reading)
      const sum = [...last.values()].reduce((some, one) => combine(some, { ...one, messages: 0 }, 1), before)
      total = { ...sum, messages }
    },
    clear() {
      began = total ?? NONE
    },
  }
}

/**
 * Reports whether the server has begun to count this lane from 0 again. In one life of the server, this happens only if
 * the server had too many lanes and forgot this one.
 */
const isForgotten = (last: LaneBytes, { bytesUp, bytesDown }: LaneBytes): boolean =>
  bytesUp < last.bytesUp || bytesDown < last.bytesDown

function combine(some: Usage, others: Usage, sign: 1 | -1): Usage {
  const sum = (name: keyof Split): number => some.split[name] + sign * others.split[name]
  return {
    bytesUp: some.bytesUp + sign * others.bytesUp,
    bytesDown: some.bytesDown + sign * others.bytesDown,
    connections: some.connections + sign * others.connections,
    split: {
      requestHeads: sum('requestHeads'),
      requestBodies: sum('requestBodies'),
      responseHeads: sum('responseHeads'),
      framing: sum('framing'),
      payload: sum('payload'),
      empty: sum('empty'),
      heartbeats: sum('heartbeats'),
    },
    messages: some.messages + sign * others.messages,
  }
}

/** Returns the bytes used per message; null before a message has arrived. */
export function bytesPerMessage(usage: Usage | null): number | null {
  return usage && usage.messages > 0 ? (usage.bytesUp + usage.bytesDown) / usage.messages : null
}
