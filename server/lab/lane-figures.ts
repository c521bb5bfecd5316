/**
 * Sends to each page, twice a second, the byte counts of the page's own lanes. The names of a page's lanes begin with
 * the name of the page.
 */
import type { LaneBytes } from '../protocol/wire.ts'
import type { Meter } from '../wire/meter/meter.ts'
import type { LabPage } from './page.ts'

/** Time between two messages to a page. The figures on the page change equally often. */
const EVERY_MS = 500

export interface LaneFigureTeller {
  /** Sends byte counts to a page until the connection of the page closes. */
  tell(page: LabPage, name: string): void
  /**
   * Sends the final byte counts to every page and stops. A page cannot get the final byte counts after the server has
   * ended.
   */
  stop(): void
}

export function createLaneFigures(
  meter: Meter,
  send: (pages: Iterable<LabPage>, life: string, lanes: readonly LaneBytes[]) => void,
): LaneFigureTeller {
  const pages = new Map<string, Set<LabPage>>()
  let timer: ReturnType<typeof setInterval> | undefined

  return {
    tell(page, name) {
      const named = pages.get(name) ?? new Set()
      pages.set(name, named.add(page))
      page.once('close', () => {
        named.delete(page)
        if (named.size === 0 && pages.get(name) === named) pages.delete(name)
        if (pages.size === 0) rest()
      })
      timer ??= setInterval(tellAll, EVERY_MS)
    },
    stop() {
      tellAll()
      rest()
    },
  }

  function rest(): void {
    clearInterval(timer)
    timer = undefined
  }

  /** Sends byte counts to all pages. Reads the meter only once, because a class has hundreds of lanes. */
  function tellAll(): void {
    const { life, lanes } = meter.read()
    const byPage = Map.groupBy(lanes, ({ lane }) => lane.split('.', 1)[0] ?? '')
    for (const [name, named] of pages) {
      const own = byPage.get(name)
      if (own) send(named, life, own)
    }
  }
}
