/**
 * Publishes ticks at random moments with a given average rate. The gaps are exponential (a Poisson process). With
 * regular gaps, the interval between ticks and the interval between polls would form a pattern and falsify the
 * latencies. The schedule does not wait until a tick is published (open loop). Otherwise a slow log would hide its
 * own delay.
 */
import type { Feed } from '../feed/feed.ts'
import { now } from '../now.ts'
import { createWindow } from './window.ts'

export interface Metronome {
  /** Sets the rate at once; 0 stops the metronome. */
  setRate(ratePerSecond: number): void
  /** Median time from the acceptance of a tick until the transports have it, in ms; null before the first tick. */
  serviceMs(): number | null
  /** Median delay of the ticks after their scheduled times, in ms; null before the first tick. */
  slipMs(): number | null
  stop(): void
}

/** Delay above which the schedule starts again. After a laptop has slept, the missed ticks must not come all at once. */
const STALL_MS = 5000

/**
 * Minimum share. With a share of 0 there would be no next tick, and the metronome would never ask for the share
 * again.
 */
const LEAST_SHARE = 0.01

/** Creates a metronome. `share` returns the part of the ticks that it may publish now, from 0 to 1. */
export function createMetronome(feed: Feed, room: string, share: () => number = () => 1): Metronome {
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
    // A failed publish is ignored here. If the log cannot be written, every user who publishes gets the error.
    feed.publish(room, { type: 'tick' }).then(
      ({ event }) => service.add(now() - event.at),
      () => {},
    )
    schedule()
  }
}

const exponentialMs = (ratePerSecond: number): number => (-Math.log(1 - Math.random()) * 1000) / ratePerSecond
