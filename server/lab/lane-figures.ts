/** Tells each page, twice a second, what its own lanes have used: those whose names begin with the page's. */
import type { WebSocket } from 'ws'
import type { LaneBytes } from '../protocol.ts'
import type { Meter } from '../wire/meter.ts'

/** Figures on the page change no more often. */
const EVERY_MS = 500

export interface LaneFigures {
  /** From now on, until the page's socket closes. */
  tell(page: WebSocket, name: string): void
  stop(): void
}

export function createLaneFigures(
  meter: Meter,
  send: (page: WebSocket, lanes: readonly LaneBytes[]) => void,
): LaneFigures {
  const pages = new Map<WebSocket, string>()
  let timer: ReturnType<typeof setInterval> | undefined

  return {
    tell(page, name) {
      pages.set(page, name)
      page.once('close', () => {
        pages.delete(page)
        if (pages.size === 0) stop()
      })
      timer ??= setInterval(tellAll, EVERY_MS)
    },
    stop,
  }

  function stop(): void {
    clearInterval(timer)
    timer = undefined
  }

  /** One reading for all of them: a class has hundreds of lanes. */
  function tellAll(): void {
    const byPage = Map.groupBy(meter.read().lanes, ({ lane }) => lane.split('.', 1)[0] ?? '')
    for (const [page, name] of pages) {
      const lanes = byPage.get(name)
      if (lanes) send(page, lanes)
    }
  }
}
