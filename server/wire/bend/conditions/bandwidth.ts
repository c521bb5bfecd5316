import type { Condition } from './condition.ts'

/**
 * Sends packets one after the other. To send a packet takes a time of the packet's size divided by the rate.
 *
 * Models a network of low bandwidth, with a queue in front of the network. Each connection gets the full rate in each
 * direction. Does not model several connections that share one rate, TCP's slow start, or header bytes (TCP, IP,
 * Ethernet).
 */
export function bandwidth(bytesPerSecond: number): Condition {
  let freeMs = 0
  return (bytes, readyMs) => (freeMs = Math.max(freeMs, readyMs) + (bytes / bytesPerSecond) * 1000)
}
