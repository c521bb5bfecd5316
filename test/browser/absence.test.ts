/** Checks pages while the page, the network or the server is absent. */
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

test('if a message cannot be sent, the page reports this and keeps the text in the field', async () => {
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

test('a page that returns from the browser’s back/forward cache gets all messages that it missed', async () => {
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
    // The promise never resolves when the page comes out of the cache.
    void page.goBack().catch(() => undefined)
    await everyLaneReaches(page, missed.at(-1)?.id ?? '')
    expect(await page.evaluate(() => Reflect.get(window, 'cached'))).toBe(true)
    for (const lane of (await snapshotOf(page)).lanes) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
    // Messages that came while the page was away are no measure of the transport.
    for (const lane of (await snapshotOf(page)).lanes)
      if (lane.transport !== 'short-poll') expect(lane.p99Ms ?? 0).toBeLessThan(300)
  } finally {
    await realistic.close()
  }
})

test('a hidden page closes its connections, and misses no message when it is visible again', async () => {
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

test('a page that the browser freezes closes its connections, and does not report itself as busy afterwards', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?poll=0.25')
  const { page } = opened
  await lanesHave(page, 1)
  await page.evaluate(() => document.dispatchEvent(new Event('freeze')))
  await page.waitForFunction(() => window.fourwire.snapshot().lanes.every(({ state }) => state === 'resting'))
  await page.evaluate(() => {
    const endMs = performance.now() + 1500
    while (performance.now() < endMs);
  })
  const missed = await server.publish('while you were frozen')
  await page.evaluate(() => document.dispatchEvent(new Event('resume')))
  await everyLaneReaches(page, missed.id)
  for (const lane of (await snapshotOf(page)).lanes) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
  expect(await page.getByRole('status').allTextContents()).not.toContainEqual(expect.stringContaining('busy'))
})

test('the page reports a cut network as a server that does not answer, keeps trying, and recovers', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?poll=0.25')
  const { page, context } = opened
  await lanesHave(page, 1)
  await context.setOffline(true)
  await page.getByRole('alert').getByText('The server does not answer.').waitFor()
  const states = async () => (await snapshotOf(page)).lanes.map(({ state }) => state)
  await expect.poll(states).toEqual(['reconnecting', 'reconnecting', 'reconnecting', 'reconnecting'])
  expect((await snapshotOf(page)).clock).toEqual({ offsetMs: null, boundMs: null })
  const missed = await server.publish('said to nobody')
  await context.setOffline(false)
  await everyLaneReaches(page, missed.id)
  await page.getByRole('alert').waitFor({ state: 'detached' })
  for (const lane of (await snapshotOf(page)).lanes) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
})

test('the page notices that the browser queues its requests, and explains the reason', async () => {
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
    .getByText(/it opens only six connections to one host/)
    .waitFor()
  await page.evaluate(() => Reflect.get(window, 'hogs').forEach((hog: EventSource) => hog.close()))
  await page.getByText('queued', { exact: true }).waitFor({ state: 'detached' })
})
