/** Colours, names and roles for everybody, and nothing that jumps. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContextOptions } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { DESK, PHONE, lanesHave, open } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test.for<[string, BrowserContextOptions]>([
  ['/?rate=20', { viewport: DESK, colorScheme: 'light' }],
  ['/?rate=20&lanes=sse&view=table', { viewport: DESK, colorScheme: 'dark' }],
  ['/?rate=20&open=long-poll:server', { viewport: DESK, colorScheme: 'dark' }],
  ['/?rate=20&open=help', { viewport: PHONE, hasTouch: true, colorScheme: 'light' }],
  ['/?rate=20&open=settings', { viewport: PHONE, hasTouch: true, colorScheme: 'dark' }],
])('%s has nothing that axe finds wrong', async ([path, options]) => {
  await using server = await serve()
  await using opened = await open(browser, server, path, options)
  await lanesHave(opened.page, 1)
  const { violations } = await new AxeBuilder({ page: opened.page }).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
})

test('moves nothing about while its figures run', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?rate=20')
  const { page } = opened
  await lanesHave(page, 1)
  await page.evaluate(() => {
    Object.assign(window, { shifted: 0 })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shifted += Reflect.get(entry, 'value')
    }).observe({ type: 'layout-shift' })
  })
  await lanesHave(page, 50)
  expect(await page.evaluate(() => window.shifted)).toBeLessThan(0.001)
})
