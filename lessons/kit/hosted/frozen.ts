/** Frozen time: timers, `Date` and, for a whole server, `performance.now` stand still until the check moves them. */
import { syncBuiltinESMExports } from 'node:module'
import { mock } from 'node:test'
import timers from 'node:timers'

type Callback = (...args: readonly unknown[]) => void
type Start = (callback: Callback, ms?: number, ...args: readonly unknown[]) => NodeJS.Timeout
type Stop = (timer: NodeJS.Timeout | undefined) => void

export function freeze(): void {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: Date.now() })
  const timeouts = renewable(timers.setTimeout, timers.clearTimeout)
  const intervals = renewable(timers.setInterval, timers.clearInterval)
  for (const place of [globalThis, timers]) {
    Object.assign(place, { setTimeout: timeouts.start, clearTimeout: timeouts.stop })
    Object.assign(place, { setInterval: intervals.start, clearInterval: intervals.stop })
  }
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
    mock.timers.tick(Math.min(left, stepMs))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Mock timer that currently runs for each timer of the program. */
const running = new WeakMap<NodeJS.Timeout, NodeJS.Timeout>()

/** Adds `refresh` and `close` to Node's mock timers, which lack them. */
function renewable(start: Start, stop: Stop): { start: Start; stop: Stop } {
  const end: Stop = (timer) => {
    if (!timer) return
    stop(running.get(timer) ?? timer)
    running.delete(timer)
  }
  return {
    start(...args) {
      const timer = start(...args)
      running.set(timer, timer)
      return Object.assign(timer, {
        refresh() {
          if (!running.has(timer)) return timer
          stop(running.get(timer))
          running.set(timer, start(...args))
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
