/** Counts the bytes that a lane has used by the server's meter, and the messages that it brought meanwhile. */
import type { LaneBytes, Split } from '../../server/protocol/wire.ts'

export interface Usage {
  readonly bytesUp: number
  readonly bytesDown: number
  readonly connections: number
  readonly split: Split
  /** Messages that the lane brought. */
  readonly messages: number
}

export interface UsageMeter {
  /** Usage since the page was opened; null before the first reading. */
  readonly total: Usage | null
  /** Usage since the figures last began. */
  readonly recent: Usage | null
  /**
   * Adds a reading. `life` identifies the run of the server. `messages` is the number of messages that the lane
   * brought since the page was opened.
   */
  take(life: string, reading: LaneBytes, messages: number): void
  /** Starts the figures again from the last reading, which is at most half a second old. */
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
  let last: { readonly life: string; readonly reading: LaneBytes } | undefined
  /** Usage counted before the server, or its count for this lane, began at 0. */
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
      if (last && (life !== last.life || isForgotten(last.reading, reading)))
        before = combine(before, { ...last.reading, messages: 0 }, 1)
      last = { life, reading }
      total = { ...combine({ ...reading, messages: 0 }, before, 1), messages }
    },
    clear() {
      began = total ?? NONE
    },
  }
}

/**
 * Reports whether the server restarted the count of this lane. Within a life its bytes fall only if the server forgot
 * the lane because it had too many.
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

/** Bytes used per message; null while no message has arrived. */
export function bytesPerMessage(usage: Usage | null): number | null {
  return usage && usage.messages > 0 ? (usage.bytesUp + usage.bytesDown) / usage.messages : null
}
