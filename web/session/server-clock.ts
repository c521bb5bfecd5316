/** The server's clock as the lab reports it, and the round trip of the lanes. */
import type { ClockSample } from '../measure/clock.ts'
import type { Way } from '../lane/crossings.ts'
import { now } from '../now.ts'
import { addedRoundTripMs, holdsStreams } from './network.ts'
import type { SandboxSession, Writable } from './session.ts'

export interface ServerClock {
  /** Time that the server itself takes; null until it has reported it. */
  readonly serviceMs: number | null
  /** Current offset: serverTime = pageTime + offset; null while no clock is known. */
  offsetMs(): number | null
  /** Current round trip of the lanes; null while no clock is known. */
  roundTripMs(): number | null
  /** Current clock and network conditions; null without a clock, because crossings then have no known time. */
  way(): Way | null
  /** Adds a sample of the lab and returns the current offset; null while no clock is known. */
  add(sample: ClockSample, serviceMs: number | null): number | null
}

export function createServerClock(
  session: Pick<SandboxSession, 'clock' | 'conditions' | 'isWithoutWebSocket'> & Writable<'offsetMs' | 'roundTripMs'>,
): ServerClock {
  const { clock } = session
  let serviceMs: number | null = null

  return {
    get serviceMs() {
      return serviceMs
    },
    offsetMs,
    roundTripMs,
    way() {
      const reading = clock.at(now())
      if (!reading) return null
      const { conditions } = session
      return {
        ...reading,
        oneWayMs: (roundTripMs() ?? 0) / 2,
        jitterMs: conditions?.jitterMs ?? 0,
        isBuffered: conditions !== null && holdsStreams(conditions),
        isLossy: (conditions?.lossRate ?? 0) > 0,
      }
    },
    add(sample, service) {
      clock.add(sample)
      serviceMs = service
      const offset = offsetMs()
      if (offset === null) return null
      session.offsetMs = offset
      session.roundTripMs = roundTripMs()
      return offset
    },
  }

  function offsetMs(): number | null {
    return clock.at(now())?.offsetMs ?? null
  }

  /**
   * The clock uses the lab's WebSocket, which network conditions do not affect, so they are added here. Plain HTTP is
   * affected, so nothing is added.
   */
  function roundTripMs(): number | null {
    if (clock.roundTripMs === null || session.isWithoutWebSocket) return clock.roundTripMs
    return clock.roundTripMs + addedRoundTripMs(session.conditions)
  }
}
