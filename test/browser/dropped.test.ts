/** Checks how the page reports a lane that the server has dropped. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser } from 'playwright'
import { openRoad } from '../chaos/road.ts'
import { serve } from '../serve.ts'
import { until } from '../until.ts'
import { launch } from './chromium.ts'

/** The longest allowed text, 12,000 bytes. */
const TEXT = 'と'.repeat(4000)
/** More bytes than the kernels of both ends buffer for a client that does not read. */
const MUCH_BYTES = 16 * 1024 * 1024

let browser: Browser
beforeAll(async () => void (browser = await launch()))
afterAll(() => browser.close())

test('a lane that the server dropped shows the reason, reconnects, and loses no message', async () => {
  await using server = await serve({ times: { stalledMs: 500 } })
  await using road = await openRoad(server.port)
  const page = await browser.newPage()
  await page.goto(`${road.origin}/?lanes=ws`)
  await page.waitForFunction(() => window.fourwire?.snapshot().lanes.some(({ state }) => state === 'open'))

  const release = road.stall()
  const ask = { method: 'POST', url: '/feed/lobby', headers: { host: 'localhost' } } as const
  const metrics = async () => (await server.app.inject({ url: '/metrics', headers: { host: 'localhost' } })).body
  const isDropped = async () => /^fourwire_drops_total\{[^}]*"ws"[^}]*\} [1-9]/m.test(await metrics())
  let last = ''
  for (let bytes = 0; bytes < MUCH_BYTES && !(await isDropped());)
    for (let i = 0; i < 50; i++, bytes += 3 * TEXT.length)
      last = (await server.app.inject({ ...ask, payload: { user: 'Ada', text: TEXT } })).json().id
  await until('the server has dropped the lane', isDropped)
  release()

  await page.getByRole('status').getByText('The server dropped WebSocket: too slow').waitFor()
  await page.locator('.alarm').getByText('dropped').waitFor()
  const lane = () => page.evaluate(() => window.fourwire.snapshot().lanes.find(({ on }) => on))
  const seqOf = (cursor = '') => Number(cursor.split('.')[1])
  await until('the lane has every event', async () => seqOf((await lane())?.cursor) >= seqOf(last), 30_000)
  expect(await lane()).toMatchObject({ lost: 0, duplicated: 0, outOfOrder: 0 })
  await page.close()
}, 60_000)
