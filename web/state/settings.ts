/** The room's settings on this page: what holds, since when the wire was bent, and what is said of a change. */
import type { Conditions, Preset, Settings } from '../../server/protocol.ts'
import { now } from '../now.ts'
import type { Lane } from './lane.ts'
import { areEqual, describeNetwork, isNeutral } from './network.ts'
import type { Band } from './network.ts'
import { told } from './tell.ts'

export interface RoomSettings {
  /** Null before the lab has told. */
  readonly held: Settings | null
  /** The conditions before they were last changed; null where they never were. */
  readonly before: Conditions | null
  readonly presets: readonly Preset[]
  /** When the wire was bent, oldest first. */
  readonly bands: readonly Band[]
  /** The states of the network that people know by name. */
  know(presets: readonly Preset[]): void
  adopt(next: Settings): void
}

/** Until all lanes are back, as late as their backoff lets them be: what is published meanwhile waits for that and not for the transport. */
const NEW_WIRE_MS = 1000
const MOST_BANDS = 40
/** What follows so soon on a change belongs to it: somebody moves a slider. */
const SAME_CHANGE_MS = 1500

/** `restartFigures`: with what is published after so many ms; what was measured until now held for other settings. */
export function createSettings(
  lanes: readonly Lane[],
  restartFigures: (sentence: string, afterMs?: number) => void,
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
      // Refused again and again it waits ever longer, and there is nothing to wait for any more.
      if (before.conditions.firewall && !next.conditions.firewall)
        for (const lane of lanes) if (lane.transport === 'ws' && lane.state.is === 'reconnecting') lane.wake()
      if (isBent) return restartFigures(sentenceOf(before.conditions, next.conditions), NEW_WIRE_MS)
      if (before.ratePerSecond !== next.ratePerSecond) restartFigures(told.rate(next.ratePerSecond))
    },
  }

  function remember(conditions: Conditions): void {
    if (now() - bentAtMs > SAME_CHANGE_MS) conditionsBefore = conditions
    bentAtMs = now()
  }

  /** One stretch ends where the next begins. */
  function bend(conditions: Conditions): void {
    const atMs = now()
    bands = bands.map((band) => (band.toMs === null ? { ...band, toMs: atMs } : band)).slice(-MOST_BANDS)
    if (!isNeutral(conditions))
      bands = [...bands, { fromMs: atMs, toMs: null, name: describeNetwork(conditions, presets) }]
  }

  function sentenceOf(before: Conditions, next: Conditions): string {
    if (isNeutral(next)) return told.neutral
    if (next.firewall && areEqual({ ...before, firewall: true }, next)) return told.firewall
    return told.network(describeNetwork(next, presets))
  }
}
