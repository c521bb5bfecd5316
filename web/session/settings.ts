/**
 * The room's settings on this page, the times of changed network conditions, and the sentences that announce changes.
 */
import type { Conditions, Preset, Settings } from '../../server/protocol/lab.ts'
import { now } from '../now.ts'
import type { Lane } from '../lane/lane.ts'
import { transports } from '../transports/index.ts'
import { areEqual, describeNetwork, isNeutral } from './network.ts'
import type { Band } from './network.ts'
import { notices } from './notices.ts'

export interface RoomSettings {
  /** Current settings; null before the lab has reported them. */
  readonly held: Settings | null
  /** Conditions before their last change; null if they never changed. */
  readonly before: Conditions | null
  readonly presets: readonly Preset[]
  /** Times in which the lab changed the network, oldest first. */
  readonly bands: readonly Band[]
  /** Stores the presets, which name states of the network. */
  know(presets: readonly Preset[]): void
  adopt(next: Settings): void
}

/**
 * Time until the lanes have reconnected, backoff included. Messages published meanwhile wait for the reconnection, so
 * they are not measured.
 */
const NEW_WIRE_MS = 1000
const MOST_BANDS = 40
const NEUTRAL = 'The network is left alone again'
/** Changes within this time are one change: somebody is moving a slider. */
const SAME_CHANGE_MS = 1500

/**
 * Creates the settings. `restartFigures` starts the figures again, with messages published after so many ms.
 * `sentenceBack` is announced when all lanes are back after a change of the network.
 */
export function createSettings(
  lanes: readonly Lane[],
  restartFigures: (sentence: string, afterMs?: number, sentenceBack?: string) => void,
): RoomSettings {
  let held: Settings | null = null
  let presets: readonly Preset[] = []
  let bands: readonly Band[] = []
  let conditionsBefore: Conditions | null = null
  let bentAtMs = -Infinity

  return {
    get held() {
      return held
    },
    get before() {
      return conditionsBefore
    },
    get presets() {
      return presets
    },
    get bands() {
      return bands
    },
    know(known) {
      presets = known
    },
    adopt(next) {
      const before = held
      held = next
      const isBent = before === null ? !isNeutral(next.conditions) : !areEqual(before.conditions, next.conditions)
      if (isBent) bend(next.conditions)
      if (before === null) return
      if (isBent) remember(before.conditions)
      // After many refusals the backoff is long, and without the firewall there is no reason to wait.
      if (before.conditions.firewall && !next.conditions.firewall)
        for (const lane of lanes)
          if (transports[lane.transport].kind === 'socket' && lane.state.is === 'reconnecting') lane.wake()
      if (isBent) return sayBent(before.conditions, next.conditions)
      if (before.ratePerSecond !== next.ratePerSecond) restartFigures(notices.rate(next.ratePerSecond))
    },
  }

  function remember(conditions: Conditions): void {
    if (now() - bentAtMs > SAME_CHANGE_MS) conditionsBefore = conditions
    bentAtMs = now()
  }

  /** Ends the current band and begins the next. */
  function bend(conditions: Conditions): void {
    const atMs = now()
    bands = bands.map((band) => (band.toMs === null ? { ...band, toMs: atMs } : band)).slice(-MOST_BANDS)
    if (!isNeutral(conditions))
      bands = [...bands, { fromMs: atMs, toMs: null, name: describeNetwork(conditions, presets) }]
  }

  function sayBent(before: Conditions, next: Conditions): void {
    if (next.firewall && areEqual({ ...before, firewall: true }, next))
      return restartFigures(notices.firewall, NEW_WIRE_MS)
    const network = isNeutral(next) ? NEUTRAL : describeNetwork(next, presets)
    restartFigures(notices.network(network), NEW_WIRE_MS, notices.networkBack(network))
  }
}
