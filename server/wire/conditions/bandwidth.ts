import type { Condition } from './condition.ts'

/**
 * Packets leave one behind the other, each taking its bytes divided by the rate.
 *
 * Models a narrow line with a queue before it. Each connection has the whole line to itself in each
 * direction: what several of a page's connections take from one another is not modelled, nor are
 * the bytes of TCP, IP and the frames below, nor TCP's slow start.
 */
export function bandwidth(bytesPerSecond: number): Condition {
  let freeMs = 0
  return (bytes, readyMs) => (freeMs = Math.max(freeMs, readyMs) + (bytes / bytesPerSecond) * 1000)
}
