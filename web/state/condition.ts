/** What a lane does now, in the words of the page. */
import type { Conditions } from '../../server/protocol.ts'
import { now } from '../now.ts'
import type { Lane, LaneState } from './lane.ts'
import { holdsStreams } from './network.ts'

export interface Condition {
  /** One plain word. */
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
    | 'queued'
    | 'off'
    | 'resting'
  /** Goes on after an alarm's word, or stands alone. */
  readonly text: string
  /** The word shown in inverse: something is wrong with this lane. */
  readonly alarm: string | null
}

/** A poll that has been out for longer than this and two round trips is held by the server. */
const HELD_AFTER_MS = 60

const HELD_BACK: Condition = { is: 'degraded', text: 'held back', alarm: 'degraded' }

/** `network`: what the lab told; null before it has. */
export function condition(
  lane: Lane,
  roundTripMs: number,
  queuedMs: number | null,
  network: Conditions | null,
): Condition {
  const { state } = lane
  const isHeldBack = lane.transport === 'sse' && network !== null && holdsStreams(network)
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
      return { is: 'open', text: 'open · live', alarm: null }
    case 'reconnecting':
      // A browser does not tell a WebSocket's page by which status it was refused.
      return away(lane.transport === 'ws' && network?.firewall ? { status: 403, ...state } : state)
    case 'resting':
      return { is: 'resting', text: state.why === 'before start' ? 'connecting' : `${state.why}, resting`, alarm: null }
    case 'connecting':
      // Not even the head of the answer is let through before there is enough behind it.
      if (isHeldBack) return HELD_BACK
      return { is: 'connecting', text: 'connecting', alarm: null }
    case 'off':
      return { is: state.is, text: state.is, alarm: null }
  }
}

function asking(lane: Lane, sinceMs: number, roundTripMs: number): Condition {
  const ms = now() - sinceMs
  if (lane.transport !== 'long-poll' || ms < HELD_AFTER_MS + 2 * roundTripMs)
    return { is: 'asking', text: 'asking', alarm: null }
  return { is: 'held', text: `held by the server · ${seconds(ms)}`, alarm: null }
}

function away({ status, untilMs }: Extract<LaneState, { is: 'reconnecting' }>): Condition {
  const again = seconds(untilMs - now())
  if (status !== undefined && status >= 400)
    return { is: 'refused', text: `${status} · again in ${again}`, alarm: 'refused' }
  return { is: 'reconnecting', text: `in ${again}`, alarm: 'reconnecting' }
}

function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)} s`
}
