/** What a lane has used of the wire, by the server's meter, beside the messages that it brought meanwhile. */
import type { LaneBytes, Split } from '../../server/protocol.ts'

export interface Usage {
  readonly bytesUp: number
  readonly bytesDown: number
  readonly connections: number
  readonly split: Split
  /** Messages that the lane brought. */
  readonly messages: number
}

export interface UsageMeter {
  /** Since the page was opened; null before the server has told. */
  readonly total: Usage | null
  /** Since the figures last began. */
  readonly recent: Usage | null
  /** `messages`: brought since the page was opened. */
  take(reading: LaneBytes, messages: number): void
  /** The figures start again: from the last reading on, which is half a second old at the most. */
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
  let last: LaneBytes | undefined
  /** Of servers that have gone: a new one counts from 0 again. */
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
    take(reading, messages) {
      if (last && reading.bytesUp + reading.bytesDown < last.bytesUp + last.bytesDown)
        before = combine(before, { ...last, messages: 0 }, 1)
      last = reading
      total = { ...combine({ ...reading, messages: 0 }, before, 1), messages }
    },
    clear() {
      began = total ?? NONE
    },
  }
}

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

/** Null while nothing has been brought: then no share of it is anybody's. */
export function bytesPerMessage(usage: Usage | null): number | null {
  return usage && usage.messages > 0 ? (usage.bytesUp + usage.bytesDown) / usage.messages : null
}
