import { setTimeout as after } from 'node:timers/promises'

/** A pause of the process between both readings makes a difference too small, so the largest of them is the right one. */
const ORIGIN_MS = Math.max(
  ...Array.from({ length: 20 }, () => Number(process.hrtime.bigint()) / 1e6 - performance.now()),
)

/**
 * Returns ms on the monotonic clock of this machine. All processes of one machine share this clock, so the times of
 * the publisher and of the clients can be subtracted. `performance.timeOrigin` would not do: each process reads it
 * from the wall clock, which somebody may set between two starts.
 */
export const now = (): number => ORIGIN_MS + performance.now()

/** Resolves at a time of `now`, and at once if it has passed. */
export const untilMs = (atMs: number): Promise<void> => after(Math.max(0, atMs - now()))
