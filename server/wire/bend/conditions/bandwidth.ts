import type { Condition } from './condition.ts'

/**
 * Sends packets one after the other. Each takes its number of bytes divided by the rate.
 *
 * Models a narrow line with a queue before it. Each connection has a line of its own in each direction.
 * Does not model connections that share a line, the bytes of TCP, IP and Ethernet, or TCP's slow start.
 */
export function bandwidth(bytesPerSecond: number): Condition {
  let freeMs = 0
  return (bytes, readyMs) => (freeMs = Math.max(freeMs, readyMs) + (bytes / bytesPerSecond) * 1000)
}
