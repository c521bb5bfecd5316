import type { Condition } from './condition.ts'

/**
 * Sends packets one after the other. Sending a packet takes its size divided by the rate.
 *
 * Models a network of low bandwidth with a queue before it. Each connection gets the full rate in each direction.
 * Does not model connections that share the rate, the header bytes of TCP, IP and Ethernet, or TCP's slow start.
 */
export function bandwidth(bytesPerSecond: number): Condition {
  let freeMs = 0
  return (bytes, readyMs) => (freeMs = Math.max(freeMs, readyMs) + (bytes / bytesPerSecond) * 1000)
}
