/** What the page says of a lane that the server has dropped. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser } from 'playwright'
import { openRoad } from '../chaos/road.ts'
import { serve } from '../serve.ts'
import { until } from '../until.ts'
import { launch } from './chromium.ts'

/** More than the kernels on both sides hold for who reads nothing. */
const MUCH_BYTES = 6 * 1024 * 1024
const TEXT = 'x'.repeat(4000)

let browser: Browser
beforeAll(async () => void (browser = await launch()))
afterAll(() => browser.close())

test('a lane that is dropped says why, comes back and has lost nothing', async () => {
  await using server = await serve({ times: { stalledMs: 500 } })
  await using road = await openRoad(server.port)
  const page = await browser.newPage()
  await page.goto(`${road.origin}/?lanes=ws`)
  await page.waitForFunction(() => window.fourwire?.snapshot().lanes.some(({ state }) => state === 'open'))

  road.stall(2500)
  const ask = { method: 'POST', url: '/feed/lobby', headers: { host: 'localhost' } } as const
  let last = ''
  for (let sent = 0; sent < MUCH_BYTES; sent += TEXT.length)
    last = (await server.app.inject({ ...ask, payload: { user: 'Ada', text: TEXT } })).json().id

  await page.getByRole('status').getByText('WebSocket was dropped by the server: too slow').waitFor()
  await page.locator('.alarm').getByText('dropped').waitFor()
  const lane = () => page.evaluate(() => window.fourwire.snapshot().lanes.find(({ on }) => on))
  const seqOf = (cursor = '') => Number(cursor.split('.')[1])
  await until('it has everything', async () => seqOf((await lane())?.cursor) >= seqOf(last), 30_000)
  expect(await lane()).toMatchObject({ lost: 0, duplicated: 0, outOfOrder: 0 })
  await page.close()
}, 60_000)
