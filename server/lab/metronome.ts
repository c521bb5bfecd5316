/**
 * Publishes ticks at random moments, as many a second on average as it is told. The gaps are
 * exponential (a Poisson process): two regular clocks, this one and a poll's, would beat
 * against each other and the picture would lie. The moments stand in a schedule that does not
 * wait for the publishes (open loop), so that a slow log cannot hide its own slowness.
 */
import type { Feed } from '../feed/feed.ts'
import { now } from '../now.ts'
import { createWindow } from './window.ts'

export interface Metronome {
  /** Takes effect at once; 0 stops it. */
  setRate(ratePerSecond: number): void
  /** Median time from accepting a tick to having handed it to the transports, in ms; null before the first. */
  serviceMs(): number | null
  /** Median lateness against the schedule, in ms; null before the first. */
  slipMs(): number | null
  stop(): void
}

/** After a longer stall (a laptop slept) the schedule begins anew: nobody wants the ticks of the night at once. */
const STALL_MS = 5000

export function createMetronome(feed: Feed, room: string): Metronome {
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
    dueMs += exponentialMs(rate)
    timer = setTimeout(tick, Math.max(0, dueMs - now()))
  }

  function tick(): void {
    const lateMs = now() - dueMs
    if (lateMs > STALL_MS) dueMs = now()
    slip.add(lateMs)
    // A log that takes no writes is told of at every publish of a person; the metronome just goes on.
    feed.publish(room, { type: 'tick' }).then(
      ({ event }) => service.add(now() - event.at),
      () => {},
    )
    schedule()
  }
}

const exponentialMs = (ratePerSecond: number): number => (-Math.log(1 - Math.random()) * 1000) / ratePerSecond
