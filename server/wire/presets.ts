/** Networks that people know by name. The figures are typical, and none is a standard's. */
import type { Preset } from '../protocol.ts'
import { NEUTRAL } from './ranges.ts'

export const PRESETS: readonly Preset[] = [
  { name: 'LAN', about: 'A cable in the same building: nothing is added.', conditions: NEUTRAL },
  {
    name: 'DSL',
    about: 'A home line of 16 Mbit/s, to a server in the same country.',
    conditions: { ...NEUTRAL, latencyMs: 12, jitterMs: 3, bandwidthBytesPerSecond: 2_000_000 },
  },
  {
    name: '4G',
    about: 'A phone with good reception: 12 Mbit/s, and now and then a loss.',
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
    about: 'By way of a geostationary orbit, 36,000 km up: a round trip of 600 ms whatever is paid.',
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
    about: 'Near enough, but crowded: waits and losses come and go, and silent connections are cut after a minute.',
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
    about: 'A filter that knows HTTP and refuses WebSockets.',
    conditions: { ...NEUTRAL, latencyMs: 5, firewall: true },
  },
  {
    name: 'nginx with default buffering',
    about:
      'A proxy that passes an answer on when 4 KiB of it are together, unless the answer says X-Accel-Buffering: no. The event streams of this server do, and come through at once.',
    conditions: { ...NEUTRAL, bufferingBytes: 4096, bufferingObeysHeader: true, idleCutMs: 60_000 },
  },
]
