/** Checks the sandbox: the delays and the bytes of each lane. No other test runs at the same time. */
import type { Browser, Request } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Lanes } from '../../server/protocol/wire.ts'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { lanesAreOn, lanesHave, open, snapshotOf } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('the page shows the feed on four lanes, contacts only its own server, and loads less than 400 kB', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?rate=10')
  const { page, trouble, requests } = opened
  await lanesHave(page, 20)
  const snapshot = await snapshotOf(page)
  for (const lane of snapshot.lanes) {
    expect(lane).toMatchObject({ on: true, lost: 0, duplicated: 0, outOfOrder: 0 })
    expect(lane.p50Ms ?? Infinity).toBeLessThan(lane.transport === 'short-poll' ? 1100 : 50)
  }
  expect(requests.map((request) => request.url()).filter((url) => new URL(url).origin !== server.origin)).toEqual([])
  expect(await bytesOf(requests)).toBeLessThan(400_000)
  expect(trouble).toEqual([])
})

test('the page shows the same bytes that the meter counted at the sockets', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?rate=5&poll=0.25&wait=5')
  const { page } = opened
  await lanesHave(page, 5)
  // The page's readings are half a second old, so the feed is stopped for longer than that.
  await server.set({ ratePerSecond: 0 })
  await page.getByRole('button', { name: 'Only SSE' }).click()
  const metered = async () => (await (await fetch(`${server.origin}/lab/lanes`)).json()) as Lanes
  await expect
    .poll(async () => {
      const known = (await snapshotOf(page)).lanes.map((lane) => [lane.transport, lane.bytesUp, lane.bytesDown])
      const { lanes } = await metered()
      const there = lanes.map((lane) => [lane.transport, lane.bytesUp, lane.bytesDown])
      return there.length === 4 && there.every((lane) => known.some((other) => `${other}` === `${lane}`))
    })
    .toBe(true)
  for (const { bytesUp, bytesDown, split } of (await snapshotOf(page)).lanes)
    expect(Object.values(split ?? {}).reduce((sum, bytes) => sum + bytes, 0)).toBe((bytesUp ?? 0) + (bytesDown ?? 0))
})

test.for(['ws', 'post'] as const)('the chat shows the delay of each lane for a message sent by %s', async (by) => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?poll=0.1')
  const { page } = opened
  await lanesAreOn(page)
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('Your message').fill('which one are you reading?')
  await page.getByLabel('Send by').selectOption(by)
  await page.keyboard.press('Tab')
  await page.getByRole('button', { name: 'Send' }).click()
  const row = page.getByRole('row', { name: /Ada which one are you reading/ })
  await expect.poll(() => row.getByRole('cell', { name: /^\d/ }).count()).toBe(4)
  await expect.poll(() => page.getByLabel('Your message').inputValue()).toBe('')
})

/** Size of all heads and bodies that loaded the page, without the feed. */
async function bytesOf(requests: readonly Request[]): Promise<number> {
  const files = requests.filter((request) => !new URL(request.url()).pathname.startsWith('/feed/'))
  const sizes = await Promise.all(files.map((request) => request.sizes()))
  return sizes.reduce(
    (sum, { responseBodySize, responseHeadersSize }) => sum + responseBodySize + responseHeadersSize,
    0,
  )
}
