/** Checks what the lanes show while Redis is away. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser } from 'playwright'
import { serverOn } from '../redis-readers.ts'
import { HAS_REDIS, testRedis } from '../redis.ts'
import { launch } from './chromium.ts'
import { open } from './opened.ts'

let browser: Browser
beforeAll(async () => void (browser = await launch()))
afterAll(() => browser.close())

test.skipIf(!HAS_REDIS)(
  'each lane says that it is degraded or refused while Redis hangs, and no longer afterwards',
  async () => {
    await using redis = await testRedis()
    await using server = await serverOn(redis.url)
    await using opened = await open(browser, server, '/?lanes=short-poll,sse,ws,stream')
    const { page } = opened
    const states = () =>
      page.evaluate(() =>
        window.fourwire
          .snapshot()
          .lanes.filter(({ on }) => on)
          .map(({ state }) => state),
      )
    await expect.poll(states).toContain('open')
    redis.signal('SIGSTOP')
    await page.locator('.alarm').getByText('degraded').first().waitFor()
    await expect.poll(async () => (await states()).filter((state) => state === 'waiting').length).toBe(3)
    await page.getByText('no messages arrive').first().waitFor()
    await page.locator('.alarm').getByText('refused').waitFor()
    await page.getByText('SSE is without messages, because the event log is away').waitFor()
    redis.signal('SIGCONT')
    await expect.poll(async () => (await states()).filter((state) => state === 'waiting').length).toBe(0)
    await expect.poll(() => page.locator('.alarm').getByText('degraded').count()).toBe(0)
  },
)
