/**
 * One direction of a link: a queue of packets, each with the time at which it is due at the other
 * end. First in, first out: conditions delay and stall, and never reorder.
 */
import type { Condition } from './conditions/condition.ts'

export interface Pipe {
  /** Takes bytes at once. False: full; `drained` is called when there is room again. */
  put(bytes: Buffer): boolean
  /** Nothing follows: `ended` is called behind the last packet. */
  end(): void
  /** Goes on after `deliver` has answered false. */
  resume(): void
  /** What is under way is due at once, and so is all that follows. */
  free(): void
  /** Forgets what is under way; nothing is called any more. */
  stop(): void
}

export interface End {
  /** What is due, in order. False: the other end takes no more until `resume`. */
  deliver(packets: readonly Buffer[]): boolean
  drained(): void
  ended(): void
}

/** The payload of a TCP segment on Ethernet: 1,500 bytes less two heads and the timestamps. */
const PACKET_BYTES = 1448

/** As much as a kernel's own buffers usually hold; what is written beyond it waits at the writer. */
const CAPACITY_BYTES = 256 * 1024

/** A timer counts in whole milliseconds and may be early by a part of one. */
const EARLY_MS = 0.5

interface Packet {
  readonly bytes: Buffer
  /** By itself: it waits for all before it as well. */
  dueMs: number
}

export function createPipe(on: readonly Condition[], other: End): Pipe {
  let conditions = on
  /** Only what is first in it is ever looked at, so that nothing overtakes. */
  const queue: Packet[] = []
  let queuedBytes = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  /** The writer was told that there is no room, and waits to be told that there is. */
  let isFull = false
  /** The other end takes no more. */
  let isBlocked = false
  /** Delivering can lead back here; a second loop would overtake the first. */
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
    for (let due = takeDue(); due.length > 0; due = takeDue()) isBlocked = !other.deliver(due)
    isDelivering = false
    if (isOver) return
    if (isFull && queuedBytes < CAPACITY_BYTES) {
      isFull = false
      other.drained()
    }
    const [next] = queue
    if (next && !isBlocked) timer = setTimeout(run, Math.max(0, next.dueMs - performance.now()))
    if (!next && isEnding) {
      isOver = true
      other.ended()
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
