/**
 * A pipe is one direction of a link. The pipe queues packets, and knows for each packet when the packet is due at the
 * receiver. Packets leave the pipe in the order in which they entered it. A condition can delay packets, but cannot
 * change their order.
 */
import type { Condition } from './conditions/condition.ts'

export interface Pipe {
  /**
   * Accepts bytes at once. Returns false if the pipe is then full. A full pipe calls `drained` when it has space again.
   */
  put(bytes: Buffer): boolean
  /** Ends the pipe. The pipe calls `ended` after the last packet. */
  end(): void
  /** Continues to call `deliver`, after `deliver` has returned false. */
  resume(): void
  /** Removes the conditions. All queued packets and all later packets are due at once. */
  free(): void
  /** Deletes the queued packets. After `stop`, the pipe calls no function of its receiver. */
  stop(): void
}

export interface End {
  /**
   * Called with the packets that are due, in order. Returns false if the receiver wants no more packets until it calls
   * `resume`.
   */
  deliver(packets: readonly Buffer[]): boolean
  drained(): void
  ended(): void
}

/**
 * Payload of a TCP segment on Ethernet: 1,500 bytes minus the headers of IP (20) and TCP (20) and the TCP timestamps
 * (12).
 */
const PACKET_BYTES = 1448

/** Capacity of a pipe, similar to the size of the kernel's buffers. When the pipe is full, the writer has to wait. */
const CAPACITY_BYTES = 256 * 1024

/** Time by which a timer can run too early, because timers count whole milliseconds. */
const EARLY_MS = 0.5

interface Packet {
  readonly bytes: Buffer
  /** Time at which the packet is due. The packet also waits for the packets before it. */
  dueMs: number
}

export function createPipe(initialConditions: readonly Condition[], receiver: End): Pipe {
  let conditions = initialConditions
  /** Packets in order. The pipe always delivers the first packet first, so no packet overtakes another. */
  const queue: Packet[] = []
  let queuedBytes = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  /** True if `put` has returned false and the writer waits for `drained`. */
  let isFull = false
  /** True if `deliver` has returned false. */
  let isBlocked = false
  /**
   * True while the loop in `run` delivers packets. `deliver` can call a function of this pipe, and a second loop would
   * then deliver packets out of order.
   */
  let isDelivering = false
  let isEnding = false
  let isOver = false

  return {
    put(bytes) {
      const readyMs = performance.now()
      for (let from = 0; from < bytes.length; from += PACKET_BYTES) {
        const packet = bytes.subarray(from, from + PACKET_BYTES)
        const dueMs = conditions.reduce((dueMs, condition) => condition(packet.length, dueMs), readyMs)
        queue.push({ bytes: packet, dueMs })
      }
      queuedBytes += bytes.length
      run()
      isFull = queuedBytes >= CAPACITY_BYTES
      return !isFull
    },
    end() {
      isEnding = true
      run()
    },
    resume() {
      isBlocked = false
      run()
    },
    free() {
      conditions = []
      for (const packet of queue) packet.dueMs = 0
      run()
    },
    stop() {
      isOver = true
      clearTimeout(timer)
      queue.length = 0
    },
  }

  function run(): void {
    if (isDelivering || isOver) return
    clearTimeout(timer)
    isDelivering = true
    for (let due = takeDue(); due.length > 0; due = takeDue()) isBlocked = !receiver.deliver(due)
    isDelivering = false
    if (isOver) return
    if (isFull && queuedBytes < CAPACITY_BYTES) {
      isFull = false
      receiver.drained()
    }
    const [next] = queue
    if (next && !isBlocked) timer = setTimeout(run, Math.max(0, next.dueMs - performance.now()))
    if (!next && isEnding) {
      isOver = true
      receiver.ended()
    }
  }

  function takeDue(): Buffer[] {
    if (isBlocked || isOver) return []
    const nowMs = performance.now() + EARLY_MS
    const pending = queue.findIndex(({ dueMs }) => dueMs > nowMs)
    const due = queue.splice(0, pending === -1 ? queue.length : pending).map(({ bytes }) => bytes)
    for (const { length } of due) queuedBytes -= length
    return due
  }
}
