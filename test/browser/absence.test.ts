/** What happens while somebody or something is away. */
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { everyLaneReaches, lanesAreOn, lanesHave, open, setHidden, snapshotOf } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('keeps the text and says so when it could not be sent', async () => {
  await using server = await serve()
  await using opened = await open(browser, server)
  const { page } = opened
  await lanesAreOn(page)
  await page.route(/\/feed\/lobby(\?|$)/, (route) => route.abort())
  await page.getByLabel('Your message').fill('can you hear me?')
  await page.getByLabel('Send by').selectOption('post')
  await page.getByRole('button', { name: 'Send' }).click()
  await page
    .getByRole('status')
    .getByText(/^Not sent: .* The text is still in the field\.$/)
    .waitFor()
  expect(await page.getByLabel('Your message').inputValue()).toBe('can you hear me?')
})

test('comes back from the browser’s page cache with all that it missed', async () => {
  const realistic = await launch({ realistic: true })
  try {
    await using server = await serve()
    await using opened = await open(realistic, server, '/?poll=0.25')
    const { page } = opened
    await lanesHave(page, 1)
    await page.evaluate(() =>
      addEventListener('pageshow', ({ persisted }) => Object.assign(window, { cached: persisted })),
    )
    await page.goto(`${server.origin}/icon.svg`)
    const missed = []
    for (let i = 0; i < 5; i++) missed.push(await server.publish(`missed ${i}`))
    // It never resolves when the page comes out of the cache.
    void page.goBack().catch(() => undefined)
    await everyLaneReaches(page, missed.at(-1)?.id ?? '')
    expect(await page.evaluate(() => Reflect.get(window, 'cached'))).toBe(true)
    for (const lane of (await snapshotOf(page)).lanes) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
    // What came while nobody was looking says nothing about the transport.
    for (const lane of (await snapshotOf(page)).lanes)
      if (lane.transport !== 'short-poll') expect(lane.p99Ms ?? 0).toBeLessThan(300)
  } finally {
    await realistic.close()
  }
})

test('lets go while it is hidden, and misses nothing', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?poll=0.25')
  const { page } = opened
  await lanesHave(page, 1)
  await setHidden(page, true)
  await page.waitForFunction(() => window.fourwire.snapshot().lanes.every(({ state }) => state === 'resting'))
  const missed = await server.publish('while you were away')
  await setHidden(page, false)
  await everyLaneReaches(page, missed.id)
  for (const lane of (await snapshotOf(page)).lanes) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
})

test('says that the browser is offline, and goes on afterwards', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?poll=0.25')
  const { page, context } = opened
  await lanesHave(page, 1)
  await context.setOffline(true)
  await page.getByRole('alert').getByText('This browser is offline.').waitFor()
  const missed = await server.publish('said to nobody')
  await context.setOffline(false)
  await everyLaneReaches(page, missed.id)
  await page.getByRole('alert').waitFor({ state: 'detached' })
  for (const lane of (await snapshotOf(page)).lanes) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
})

test('notices that requests are queued in the browser, and says why', async () => {
  await using server = await serve()
  await using opened = await open(browser, server)
  const { page } = opened
  await lanesHave(page, 1)
  await page.evaluate(() =>
    Object.assign(window, { hogs: Array.from({ length: 6 }, () => new EventSource('/feed/other/sse')) }),
  )
  await page.getByText('queued', { exact: true }).waitFor()
  await page
    .getByRole('status')
    .getByText(/it opens six connections to one host/)
    .waitFor()
  await page.evaluate(() => Reflect.get(window, 'hogs').forEach((hog: EventSource) => hog.close()))
  await page.getByText('queued', { exact: true }).waitFor({ state: 'detached' })
})
