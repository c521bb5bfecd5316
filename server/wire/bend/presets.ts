/** Presets of the conditions for well-known networks. The figures are typical values, not values of a standard. */
import type { Preset } from '../../protocol/lab.ts'
import { NEUTRAL } from './ranges.ts'

export const PRESETS: readonly Preset[] = [
  { name: 'LAN', about: 'A cable in the same building. It adds no delay.', conditions: NEUTRAL },
  {
    name: 'DSL',
    about: 'A home line of 16 Mbit/s, to a server in the same country.',
    conditions: { ...NEUTRAL, latencyMs: 12, jitterMs: 3, bandwidthBytesPerSecond: 2_000_000 },
  },
  {
    name: '4G',
    about: 'A phone with good reception: 12 Mbit/s and a lost packet now and then.',
    conditions: {
      ...NEUTRAL,
      latencyMs: 25,
      jitterMs: 15,
      bandwidthBytesPerSecond: 1_500_000,
      lossRate: 0.002,
    },
  },
  {
    name: '3G',
    about: 'A phone in the country: 1.6 Mbit/s and a round trip of a third of a second.',
    conditions: {
      ...NEUTRAL,
      latencyMs: 150,
      jitterMs: 40,
      bandwidthBytesPerSecond: 200_000,
      lossRate: 0.01,
    },
  },
  {
    name: 'satellite',
    about: 'A link over a geostationary satellite, 36,000 km up. The distance alone makes a round trip of 600 ms.',
    conditions: {
      ...NEUTRAL,
      latencyMs: 300,
      jitterMs: 10,
      bandwidthBytesPerSecond: 2_500_000,
      lossRate: 0.002,
    },
  },
  {
    name: 'café Wi-Fi',
    about: 'A crowded network nearby. Delays and losses vary, and a silent connection is cut after a minute.',
    conditions: {
      ...NEUTRAL,
      latencyMs: 15,
      jitterMs: 60,
      bandwidthBytesPerSecond: 250_000,
      lossRate: 0.03,
      idleCutMs: 60_000,
    },
  },
  {
    name: 'school firewall',
    about: 'A filter that understands HTTP and refuses WebSockets.',
    conditions: { ...NEUTRAL, latencyMs: 5, firewall: true },
  },
  {
    name: 'nginx with default buffering',
    about:
      'A proxy that collects 4 KiB of a response before it passes them on. A response with the field X-Accel-Buffering: no passes at once. The event streams of this server have that field.',
    conditions: { ...NEUTRAL, bufferingBytes: 4096, bufferingObeysHeader: true, idleCutMs: 60_000 },
  },
]
