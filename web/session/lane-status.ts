/** Describes a lane's current status in the words that the page shows. */
import type { Conditions } from '../../server/protocol/lab.ts'
import { now } from '../now.ts'
import type { Lane, LaneState } from '../lane/lane.ts'
import { transports } from '../transports/index.ts'
import { holdsBack } from './network.ts'

export interface LaneStatus {
  /** State of the lane as one plain word. */
  readonly is:
    | 'connecting'
    | 'asking'
    | 'pausing'
    | 'held'
    | 'open'
    | 'reconnecting'
    | 'refused'
    | 'dropped'
    | 'degraded'
    | 'waiting'
    | 'queued'
    | 'off'
    | 'resting'
  /** Text after the alarm. If there is no alarm, the text stands alone. */
  readonly text: string
  /**
   * Word that the page shows in inverse colours, because something is wrong with this lane; null if nothing is wrong.
   */
  readonly alarm: string | null
}

/**
 * If a poll has been open for two round trips and this time, the page assumes that the server holds it. If the wire
 * reports polls, the page uses the report instead.
 */
const HELD_AFTER_MS = 60

const HELD_BACK: LaneStatus = { is: 'degraded', text: 'held back', alarm: 'degraded' }

/**
 * Returns the status of a lane. `network` is the state of the network that the lab reported; null before the lab's
 * first report.
 */
export function laneStatus(
  lane: Lane,
  roundTripMs: number,
  queuedMs: number | null,
  network: Conditions | null,
): LaneStatus {
  const { state } = lane
  const isHeldBack = holdsBack(network, lane.transport)
  const { droppedFor } = lane
  if (droppedFor !== null && lane.on) return { is: 'dropped', text: droppedFor, alarm: 'dropped' }
  if (queuedMs !== null) return { is: 'queued', text: `in the browser · ${seconds(queuedMs)}`, alarm: 'queued' }
  switch (state.is) {
    case 'asking':
      return asking(lane, state.atMs, roundTripMs)
    case 'pausing':
      return { is: 'pausing', text: `pausing · asks in ${seconds(state.untilMs - now())}`, alarm: null }
    case 'open':
      if (isHeldBack) return HELD_BACK
      if (state.trouble !== undefined) return { is: 'waiting', text: 'no messages arrive', alarm: 'degraded' }
      return { is: 'open', text: 'open · live', alarm: null }
    case 'reconnecting':
      // A browser does not tell the page the status with which a server or network refused a WebSocket. If the lab has
      // reported a firewall, the firewall is the reason.
      return reconnecting(
        network?.firewall && transports[lane.transport].kind === 'socket' ? { status: 403, ...state } : state,
      )
    case 'resting':
      return { is: 'resting', text: state.why === 'before start' ? 'connecting' : `${state.why}, resting`, alarm: null }
    case 'connecting':
      // Until the proxy's buffer is full, the proxy holds back even the response head.
      if (isHeldBack) return HELD_BACK
      return { is: 'connecting', text: 'connecting', alarm: null }
    case 'off':
      return { is: state.is, text: state.is, alarm: null }
  }
}

function asking(lane: Lane, sinceMs: number, roundTripMs: number): LaneStatus {
  const ms = now() - sinceMs
  if (!transports[lane.transport].canPush || ms < HELD_AFTER_MS + 2 * roundTripMs)
    return { is: 'asking', text: 'asking', alarm: null }
  const { exchanges } = lane.marks
  if (exchanges.some(({ crossed }) => crossed) && exchanges.at(-1)?.reachedAtMs === undefined)
    return { is: 'asking', text: `asking · ${seconds(ms)}`, alarm: null }
  return { is: 'held', text: `held by the server · ${seconds(ms)}`, alarm: null }
}

function reconnecting({ status, untilMs }: Extract<LaneState, { is: 'reconnecting' }>): LaneStatus {
  const again = seconds(untilMs - now())
  if (status !== undefined && status >= 400)
    return { is: 'refused', text: `${status} · again in ${again}`, alarm: 'refused' }
  return { is: 'reconnecting', text: `in ${again}`, alarm: 'reconnecting' }
}

function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)} s`
}
