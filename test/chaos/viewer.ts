/** The page in a real Chromium, with its four lanes, over a road of its own. */
import type { Browser, Page } from 'playwright'
import type { TransportName } from '../../server/protocol.ts'
import type { LaneSnapshot } from '../../web/state/snapshot.ts'
import { openRoad } from './road.ts'
import type { Road } from './road.ts'

export interface Viewer extends AsyncDisposable {
  readonly road: Road
  lanes(): Promise<readonly LaneSnapshot[]>
  setHidden(isHidden: boolean): Promise<void>
  setOffline(isOffline: boolean): Promise<void>
  setLane(transport: TransportName, isOn: boolean): Promise<void>
  /** What went wrong in the page itself. */
  readonly trouble: readonly string[]
}

export async function view(browser: Browser, port: number, room: string): Promise<Viewer> {
  const road = await openRoad(port)
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
  const page = await context.newPage()
  const trouble: string[] = []
  page.on('pageerror', (error) => trouble.push(error.message))
  await page.goto(`${road.origin}/?room=${room}&poll=0.25`)
  await page.waitForFunction(() => window.fourwire?.snapshot().lanes.every(({ on }) => on))

  return {
    road,
    trouble,
    lanes: () => page.evaluate(() => window.fourwire.snapshot().lanes),
    setHidden: (isHidden) => page.evaluate(hide, isHidden),
    setOffline: (isOffline) => context.setOffline(isOffline),
    setLane: (transport, isOn) => toggle(page, transport, isOn),
    async [Symbol.asyncDispose]() {
      await context.close()
      await road[Symbol.asyncDispose]()
    },
  }
}

/** Headless, a tab in the background counts as seen: the page is told otherwise. */
function hide(isHidden: boolean): void {
  Object.defineProperty(document, 'visibilityState', {
    configurable: true,
    get: () => (isHidden ? 'hidden' : 'visible'),
  })
  document.dispatchEvent(new Event('visibilitychange'))
}

async function toggle(page: Page, transport: TransportName, isOn: boolean): Promise<void> {
  await page.locator(`[data-lane=${transport}] input[role=switch]`).first().setChecked(isOn)
}
