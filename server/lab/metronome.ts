/**
 * Publishes ticks at random moments with a given average rate. The gaps between ticks are distributed exponentially (a
 * Poisson process). If the gaps were regular, the ticks and the polls would form a pattern that falsifies the
 * latencies. The schedule does not wait until a tick is published (open loop). If the schedule waited, a slow log would
 * hide its own delay.
 */
import type { Feed } from '../feed/feed.ts'
import { now } from '../now.ts'
import type { Peers } from '../peers/peers.ts'
import { createWindow } from './window.ts'

export interface Metronome {
  /** Sets the rate at once; 0 stops the metronome. */
  setRate(ratePerSecond: number): void
  /**
   * Returns the median time in ms from the acceptance of a tick until the transports have got the tick; null before the
   * first tick.
   */
  serviceMs(): number | null
  /** Returns the median delay in ms of the ticks after their scheduled times; null before the first tick. */
  slipMs(): number | null
  stop(): void
}

/**
 * Delay of a tick above which the schedule starts again. After a laptop has slept, the missed ticks must not all be
 * published at once.
 */
const STALL_MS = 5000

/**
 * Minimum share. With a share of 0 there would be no next tick, and the metronome would never ask for the share
 * again.
 */
const LEAST_SHARE = 0.01

/**
 * Time for which a process alone ticks in a room, after each of its ticks. If this process ends, another one continues
 * after this time. The time is so long that the pause between two ticks is hardly ever longer.
 */
const LEASE_MS = 3000
const LEASE_TICKS = 5

/**
 * Creates a metronome. `share` returns the part of the ticks that the metronome may publish now, from 0 to 1. `lease` as
 * in `Peers`: of several processes, only one ticks in the room.
 */
export function createMetronome(
  feed: Feed,
  room: string,
  share: () => number = () => 1,
  lease?: Peers['lease'],
): Metronome {
  const service = createWindow()
  const slip = createWindow()
  let rate = 0
  let dueMs = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  return {
    setRate(ratePerSecond) {
      clearTimeout(timer)
      rate = ratePerSecond
      dueMs = now()
      if (rate > 0) schedule()
    },
    serviceMs: service.median,
    slipMs: slip.median,
    stop: () => clearTimeout(timer),
  }

  function schedule(): void {
    dueMs += exponentialMs(rate * Math.max(LEAST_SHARE, share()))
    timer = setTimeout(tick, Math.max(0, dueMs - now()))
  }

  function tick(): void {
    const lateMs = now() - dueMs
    if (lateMs > STALL_MS) dueMs = now()
    slip.add(lateMs)
    // Ignore a tick that could not be published. If the log cannot be written, every user who publishes gets the error.
    publish().catch(() => {})
    schedule()
  }

  /** Publishes a tick, unless the metronome of another process already ticks in this room. */
  async function publish(): Promise<void> {
    const leaseMs = Math.max(LEASE_MS, (LEASE_TICKS * 1000) / rate)
    if (lease && !(await lease(`metronome:${room}`, leaseMs))) return
    const { event } = await feed.publish(room, { type: 'tick' })
    service.add(now() - event.at)
  }
}

const exponentialMs = (ratePerSecond: number): number => (-Math.log(1 - Math.random()) * 1000) / ratePerSecond
