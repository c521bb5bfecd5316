/** Tells each page what crosses in its own lanes, those whose names begin with the page's, and takes it apart for them. */
import type { WebSocket } from 'ws'
import type { Crossing, Inspected } from '../protocol.ts'
import type { Capture } from '../wire/capture.ts'
import { inspect } from './inspect.ts'

/** Less than an eye notices, and few messages. */
const EVERY_MS = 100

/** So long a page may be gone, until its lanes are watched no more: longer than it waits before it comes back. */
const GONE_MS = 30_000

/** On a line that is too slow for them they would only come later and later: then some are left out. */
const WAITING_BYTES = 256 * 1024

export interface Crossings {
  /** From now on, until the page's socket closes. */
  tell(page: WebSocket, name: string): void
  /** Null for what is no longer kept, or is in nobody's lane but somebody else's. */
  inspect(name: string, exchange: number): Inspected | null
  /** Nobody is watched any more. */
  stop(): void
}

interface Watch {
  readonly pages: Set<WebSocket>
  /** Not told of yet. */
  crossings: Crossing[]
  telling: ReturnType<typeof setTimeout> | undefined
  ending: ReturnType<typeof setTimeout> | undefined
  stop(): void
}

export function createCrossings(
  capture: Capture,
  send: (page: WebSocket, crossings: readonly Crossing[]) => void,
): Crossings {
  const watches = new Map<string, Watch>()

  return {
    tell(page, name) {
      const watch = watches.get(name) ?? begin(name)
      clearTimeout(watch.ending)
      watch.pages.add(page)
      page.once('close', () => {
        watch.pages.delete(page)
        if (watch.pages.size > 0 || watches.get(name) !== watch) return
        watch.ending = setTimeout(() => end(name, watch), GONE_MS).unref()
      })
    },
    inspect(name, exchange) {
      const recording = capture.find(exchange)
      return recording?.lane.startsWith(`${name}.`) ? inspect(recording) : null
    },
    stop() {
      for (const [name, watch] of watches) end(name, watch)
    },
  }

  function begin(name: string): Watch {
    const watch: Watch = {
      pages: new Set(),
      crossings: [],
      telling: undefined,
      ending: undefined,
      stop: capture.watch(name, (crossing) => {
        if (watch.pages.size === 0) return
        watch.crossings.push(crossing)
        watch.telling ??= setTimeout(() => tellPages(watch), EVERY_MS).unref()
      }),
    }
    watches.set(name, watch)
    return watch
  }

  function tellPages(watch: Watch): void {
    const { pages, crossings } = watch
    watch.telling = undefined
    watch.crossings = []
    for (const page of pages) if (page.bufferedAmount < WAITING_BYTES) send(page, crossings)
  }

  function end(name: string, watch: Watch): void {
    clearTimeout(watch.telling)
    clearTimeout(watch.ending)
    watch.stop()
    watches.delete(name)
  }
}
