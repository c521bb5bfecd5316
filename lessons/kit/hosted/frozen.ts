/** Frozen time: timers, `Date` and, for a whole server, `performance.now` stand still until the check moves them. Also a `Math.random` without chance. */
import { syncBuiltinESMExports } from 'node:module'
import { mock } from 'node:test'
import type { MockTimersOptions } from 'node:test'
import timers from 'node:timers'
import promises from 'node:timers/promises'
import { inOwnTurn } from './turn.ts'

type Callback = (...args: readonly unknown[]) => void
type Start = (callback: Callback, ms?: number, ...args: readonly unknown[]) => NodeJS.Timeout
type Stop = (timer: NodeJS.Timeout | undefined) => void

/** Everything that can be frozen. The types of Node do not list the last two. */
const APIS: readonly string[] = ['setTimeout', 'setInterval', 'Date', 'scheduler.wait', 'AbortSignal.timeout']

export function freeze(): void {
  mock.timers.enable({ apis: APIS as MockTimersOptions['apis'], now: Date.now() })
  pending.clear()
  const timeouts = renewable(timers.setTimeout, timers.clearTimeout, false)
  const intervals = renewable(timers.setInterval, timers.clearInterval, true)
  for (const place of [globalThis, timers]) {
    Object.assign(place, { setTimeout: timeouts.start, clearTimeout: timeouts.stop })
    Object.assign(place, { setInterval: intervals.start, clearInterval: intervals.stop })
  }
  Object.assign(promises, { setTimeout: counted(promises.setTimeout) })
  syncBuiltinESMExports()
}

export function thaw(): void {
  mock.timers.reset()
  syncBuiltinESMExports()
}

/** Makes `performance.now` follow `Date`, so that both stand still together. */
export function freezeCounter(): void {
  const aheadMs = performance.now() - Date.now()
  const value = () => Date.now() + aheadMs
  Object.defineProperty(performance, 'now', { configurable: true, writable: true, value })
}

/** Moves the time in steps, so that the callback of one timer can set the next one. */
export async function tick(ms: number, stepMs: number): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    await inOwnTurn(() => mock.timers.tick(Math.min(left, stepMs)))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Timers that can still fire. A pause of `node:timers/promises` is an object of its own. */
const pending = new Set<object>()

export const countTimers = (): number => pending.size

/** Adds each pause to `pending` until it is over or aborted. */
function counted(pause: typeof promises.setTimeout): typeof promises.setTimeout {
  return async (...args) => {
    const one = {}
    pending.add(one)
    try {
      return await pause(...args)
    } finally {
      pending.delete(one)
    }
  }
}

const { random } = Math

/**
 * Makes `Math.random` return always the same number, so that a secret which depends on it comes twice. With a `step`, each
 * number is larger than the one before by this step. Null makes it random again.
 */
export function fixRandom(step: number | null): void {
  let value = 0.5
  Math.random = step === null ? random : () => (value += step)
}

/** Mock timer that currently runs for each timer of the program. */
const running = new WeakMap<NodeJS.Timeout, NodeJS.Timeout>()

/** Adds `refresh` and `close` to Node's mock timers, which lack them, and keeps `pending`. */
function renewable(start: Start, stop: Stop, isRepeated: boolean): { start: Start; stop: Stop } {
  const end: Stop = (timer) => {
    if (!timer) return
    stop(running.get(timer) ?? timer)
    running.delete(timer)
    pending.delete(timer)
  }
  return {
    start(callback, ms, ...given) {
      // An interval of 0 ms would never let the mock's time pass. Node makes 1 ms of it.
      const args = [isRepeated ? Math.max(1, Number(ms) || 1) : ms, ...given] as const
      // Node's own client keeps a timer as long as it likes, which is none of the program's.
      const isCounted = !new Error('Who starts this timer?').stack?.includes('node:internal/deps/undici')
      const fire: Callback = (...passed) => {
        if (!isRepeated) pending.delete(timer)
        callback(...passed)
      }
      const timer = start(fire, ...args)
      running.set(timer, timer)
      if (isCounted) pending.add(timer)
      return Object.assign(timer, {
        refresh() {
          if (!running.has(timer)) return timer
          stop(running.get(timer))
          running.set(timer, start(fire, ...args))
          if (isCounted) pending.add(timer)
          return timer
        },
        close() {
          end(timer)
          return timer
        },
        [Symbol.dispose]: () => end(timer),
      })
    },
    stop: end,
  }
}
