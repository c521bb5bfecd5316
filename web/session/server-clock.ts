/** The server's clock, which the page computes from the lab's messages, and the round trip of the lanes. */
import type { ClockSample } from '../measure/clock.ts'
import type { Way } from '../lane/crossings.ts'
import { now } from '../now.ts'
import { addedRoundTripMs, holdsStreams } from './network.ts'
import type { SandboxSession, Writable } from './session.ts'

export interface ServerClock {
  /** How long the server itself takes; null until the server has reported it. */
  readonly serviceMs: number | null
  /**
   * Returns the current offset of the server's clock: serverTime = pageTime + offset; null while the page does not know
   * that clock.
   */
  offsetMs(): number | null
  /** Returns the current round trip of the lanes; null while the page does not know the server's clock. */
  roundTripMs(): number | null
  /**
   * Returns the current clock and network conditions. Returns null while the page does not know the server's clock,
   * because the times of crossings are then unknown.
   */
  way(): Way | null
  /** Adds a sample of the lab, and returns the current offset; null while the page does not know the server's clock. */
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
   * Returns the round trip of the lanes. The clock uses the lab's WebSocket, which network conditions do not affect, so
   * this function adds the delay of the conditions. Conditions affect plain HTTP, so for a lab over plain HTTP this
   * function adds nothing.
   */
  function roundTripMs(): number | null {
    if (clock.roundTripMs === null || session.isWithoutWebSocket) return clock.roundTripMs
    return clock.roundTripMs + addedRoundTripMs(session.conditions)
  }
}
