/**
 * Settings of the room on this page, times in which the network had conditions, and sentences that announce changes of
 * both.
 */
import type { Conditions, Preset, Settings } from '../../server/protocol/lab.ts'
import { now } from '../now.ts'
import { transports } from '../transports/index.ts'
import type { Announcer } from './announcer.ts'
import type { SessionLanes } from './lanes.ts'
import { areEqual, describeNetwork, isNeutral } from './network.ts'
import { notices } from './notices.ts'
import type { Reconnection } from './reconnection.ts'
import type { Writable } from './session.ts'

export interface RoomSettings {
  /**
   * Takes over the settings that the lab reports. A preset names a state of the network. Without `presets`, the old
   * presets stay.
   */
  adopt(next: Settings, presets?: readonly Preset[]): void
}

/**
 * Time in which the lanes reconnect, with their backoff. A message that the server publishes while the lanes reconnect
 * has to wait, so it is not measured.
 */
const NEW_WIRE_MS = 1000
const MOST_BANDS = 40
const NEUTRAL = 'The network has no conditions any more'
/** Changes within this time of each other count as one change, because a person is moving a slider. */
const SAME_CHANGE_MS = 1500

export function createRoomSettings(
  session: Writable<'ratePerSecond' | 'conditions' | 'conditionsBefore' | 'presets' | 'bands'>,
  lanes: Pick<SessionLanes, 'all' | 'restartFigures'>,
  announcer: Pick<Announcer, 'announce'>,
  reconnection: Pick<Reconnection, 'announceWhenBack'>,
  changed: () => void,
): RoomSettings {
  let changedAtMs = -Infinity

  return {
    adopt(next, presets = session.presets) {
      session.presets = presets
      const { conditions: before, ratePerSecond } = session
      session.conditions = next.conditions
      session.ratePerSecond = next.ratePerSecond
      const isChanged = before === null ? !isNeutral(next.conditions) : !areEqual(before, next.conditions)
      if (isChanged) beginBand(next.conditions)
      if (before === null) return
      if (isChanged) remember(before)
      // The firewall is gone, so the WebSocket's lane need not wait. After many refusals, its backoff would be long.
      if (before.firewall && !next.conditions.firewall)
        for (const lane of lanes.all)
          if (transports[lane.transport].kind === 'socket' && lane.state.is === 'reconnecting') lane.wake()
      if (isChanged) announceNetwork(before, next.conditions)
      else if (ratePerSecond !== next.ratePerSecond) lanes.restartFigures(notices.rate(next.ratePerSecond))
    },
  }

  function remember(conditions: Conditions): void {
    if (now() - changedAtMs > SAME_CHANGE_MS) session.conditionsBefore = conditions
    changedAtMs = now()
  }

  /** Ends the current band and begins the next band. */
  function beginBand(conditions: Conditions): void {
    const atMs = now()
    const bands = session.bands.map((band) => (band.toMs === null ? { ...band, toMs: atMs } : band)).slice(-MOST_BANDS)
    const name = describeNetwork(conditions, session.presets)
    session.bands = isNeutral(conditions) ? bands : [...bands, { fromMs: atMs, toMs: null, name }]
  }

  /** Starts the figures again after a change of the network, and announces this change. */
  function announceNetwork(before: Conditions, next: Conditions): void {
    for (const lane of lanes.all) lane.clear(NEW_WIRE_MS)
    if (next.firewall && areEqual({ ...before, firewall: true }, next)) announcer.announce(notices.firewall)
    else {
      const network = isNeutral(next) ? NEUTRAL : describeNetwork(next, session.presets)
      announcer.announce(notices.network(network))
      reconnection.announceWhenBack(() => notices.networkBack(network))
    }
    changed()
  }
}
