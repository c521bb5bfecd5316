import type { TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../transports/index.ts'
import type { DescribedTransport, Setting, SettingName, Shape } from '../transports/transport.ts'

const ALL: readonly DescribedTransport[] = Object.values(transports)

/** Names of all transports, in the order in which the page always shows them. */
export const TRANSPORTS: readonly TransportName[] = ALL.map(({ name }) => name)

/** Names of the transports that have a lane on the page from the start. */
export const USUAL: readonly TransportName[] = ALL.flatMap(({ name, isUsual }) => (isUsual ? [name] : []))

/** Transports to which a page can fall back, the best first. */
export const FALLBACKS: readonly TransportName[] = ALL.flatMap(({ name, fallbackRank }) =>
  fallbackRank === null ? [] : [{ name, fallbackRank }],
)
  .toSorted((one, other) => one.fallbackRank - other.fallbackRank)
  .map(({ name }) => name)

/**
 * Name of a lane. A lesson can show one lane that belongs to no transport of this server: the lane of the student's own
 * server.
 */
export type LaneName = TransportName | 'yours'

/** Names of all lanes. A lane's place in this list is its index in every list of delays. */
export const LANES: readonly LaneName[] = [...TRANSPORTS, 'yours']

export const LABELS: Readonly<Record<LaneName, string>> = {
  ...mapTransports(({ label }) => label),
  yours: 'Yours',
}

/** Settings of the transports that readers can change. */
export const SETTINGS: readonly Setting[] = ALL.flatMap(({ setting }) => setting ?? [])

/** Value that each setting has until somebody changes it. */
export const USUAL_SETTINGS = Object.fromEntries(SETTINGS.map(({ name, usual }) => [name, usual])) as Record<
  SettingName,
  number
>

const YOURS: Shape = [
  [-0.43, -1.2],
  [0.43, -1.2],
  [0.43, -0.43],
  [1.2, -0.43],
  [1.2, 0.43],
  [0.43, 0.43],
  [0.43, 1.2],
  [-0.43, 1.2],
  [-0.43, 0.43],
  [-1.2, 0.43],
  [-1.2, -0.43],
  [-0.43, -0.43],
]

export function shapeOf(lane: LaneName): Shape {
  return lane === 'yours' ? YOURS : transports[lane].shape
}

export function mapTransports<T>(value: (transport: DescribedTransport) => T): Record<TransportName, T> {
  return Object.fromEntries(ALL.map((transport) => [transport.name, value(transport)])) as Record<TransportName, T>
}
