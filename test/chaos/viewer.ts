/** Page in a real Chromium, with its lanes, over a relay of its own. */
import type { Browser, Page } from 'playwright'
import type { TransportName } from '../../server/protocol/feed.ts'
import type { LaneSnapshot } from '../../web/session/snapshot.ts'
import { transports } from '../../web/transports/index.ts'
import { openRoad } from './road.ts'
import type { Road } from './road.ts'

export interface Viewer extends AsyncDisposable {
  readonly road: Road
  lanes(): Promise<readonly LaneSnapshot[]>
  setHidden(isHidden: boolean): Promise<void>
  setOffline(isOffline: boolean): Promise<void>
  setLane(transport: TransportName, isOn: boolean): Promise<void>
  /** Errors of the page itself. */
  readonly trouble: readonly string[]
}

/** Time limit for the page. It is long, because the machine can be busy and speed is not tested here. */
const LOAD_MS = 120_000

export async function view(browser: Browser, port: number, room: string): Promise<Viewer> {
  await using opened = new AsyncDisposableStack()
  const road = opened.use(await openRoad(port))
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
  opened.defer(() => context.close())
  const page = await context.newPage()
  const trouble: string[] = []
  page.on('pageerror', (error) => trouble.push(error.message))
  await page.goto(`${road.origin}/?room=${room}&poll=0.25&lanes=${Object.keys(transports)}`, { timeout: LOAD_MS })
  await page.waitForFunction(() => window.fourwire?.snapshot().lanes.every(({ on }) => on))
  const all = opened.move()

  return {
    road,
    trouble,
    lanes: () => page.evaluate(() => window.fourwire.snapshot().lanes),
    setHidden: (isHidden) => page.evaluate(hide, isHidden),
    setOffline: (isOffline) => context.setOffline(isOffline),
    setLane: (transport, isOn) => toggle(page, transport, isOn),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** Makes the page believe that it is hidden. In headless Chromium a background tab counts as visible. */
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
