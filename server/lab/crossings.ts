/**
 * Sends to each page the crossings in the page's own lanes, and inspects exchanges for the page. The names of a page's
 * lanes begin with the name of the page.
 */
import { FeedError } from '../http/errors.ts'
import type { Crossing } from '../protocol/wire.ts'
import type { Capture } from '../wire/capture/capture.ts'
import { inspect, inspectedJson } from './inspect.ts'
import { createSlices } from './slices.ts'
import type { Work } from './slices.ts'
import type { LabPage } from './page.ts'

/**
 * Time between two messages with crossings. This time is too short for a user to notice, and long enough to keep the
 * number of messages small.
 */
const EVERY_MS = 100

/** Time after which the capture stops watching the lanes of a closed page. A page reconnects sooner. */
const GONE_MS = 30_000

/**
 * If more bytes than this wait to be sent to a page, the page gets no crossings. On a slow connection, the crossings
 * would arrive later and later.
 */
export const WAITING_BYTES = 256 * 1024

export interface CrossingReports {
  /** Sends crossings to a page until the connection of the page closes. */
  tell(page: LabPage, name: string): void
  /**
   * Calls `take` with the exchange as JSON. Calls `take` with `null` if the exchange is not kept or belongs to another
   * page. For each page, one inspection runs at a time: the next inspection begins when the promise that `take` returns
   * is fulfilled. Throws `too-many-messages` if too many inspections wait for this page.
   */
  inspect(name: string, exchange: number, take: (json: string) => Promise<void>): void
  /** Stops watching all lanes. */
  stop(): void
}

/**
 * Maximum number of inspections that may wait for one page. A user who steps through exchanges asks for several
 * inspections at once.
 */
const INSPECTIONS = 16

interface Watch {
  readonly pages: Set<LabPage>
  /** Crossings that the pages have not got yet. */
  crossings: Crossing[]
  telling: ReturnType<typeof setTimeout> | undefined
  ending: ReturnType<typeof setTimeout> | undefined
  /** Number of requested inspections whose results have not been sent. */
  inspections: number
  /** Fulfilled when the results of all requested inspections have been sent. */
  inspected: Promise<void>
  stop(): void
}

export function createCrossings(
  capture: Capture,
  send: (page: LabPage, crossings: readonly Crossing[]) => void,
): CrossingReports {
  const watches = new Map<string, Watch>()
  const slices = createSlices()

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
    inspect(name, exchange, take) {
      const watch = watches.get(name)
      if (!watch) return void take('null')
      if (watch.inspections >= INSPECTIONS)
        throw new FeedError(
          'too-many-messages',
          `This page already waits for ${INSPECTIONS} exchanges, so exchange ${exchange} is not inspected.`,
          'Ask for it again when the others have arrived.',
        )
      watch.inspections += 1
      watch.inspected = watch.inspected.then(async () => {
        // If the page has left, nobody needs the result.
        if (watch.pages.size > 0) await take(await slices.run(() => work(name, exchange)))
        watch.inspections -= 1
      })
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
      inspections: 0,
      inspected: Promise.resolve(),
      stop: capture.watch(name, (crossing) => {
        if (watch.pages.size === 0) return
        watch.crossings.push(crossing)
        watch.telling ??= setTimeout(() => tellPages(watch), EVERY_MS).unref()
      }),
    }
    watches.set(name, watch)
    return watch
  }

  function* work(name: string, exchange: number): Work<string> {
    const recording = capture.find(exchange)
    return recording?.lane.startsWith(`${name}.`) ? yield* inspectedJson(yield* inspect(recording)) : 'null'
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
