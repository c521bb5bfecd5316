/** Checks colours, names, roles, and a layout that does not jump. */
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
  ['/?rate=20&view=large', { viewport: DESK, colorScheme: 'dark' }],
  ['/?rate=20&open=long-poll:server', { viewport: DESK, colorScheme: 'dark' }],
  ['/?rate=20&open=help', { viewport: PHONE, hasTouch: true, colorScheme: 'light' }],
  ['/?rate=20&open=settings', { viewport: PHONE, hasTouch: true, colorScheme: 'dark' }],
])('axe finds no violation at %s', async ([path, options]) => {
  await using server = await serve()
  await using opened = await open(browser, server, path, options)
  await lanesHave(opened.page, 1)
  const { violations } = await new AxeBuilder({ page: opened.page }).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
})

test('the large view has no text under 24 px at 1280×720, cuts nothing, and ends with L', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?rate=20&poll=0.5', { viewport: { width: 1280, height: 720 } })
  const { page } = opened
  await lanesHave(page, 1)
  await page.keyboard.press('l')
  await page.locator('.page.large').waitFor()
  expect(page.url()).toContain('view=large')
  await page.locator('.verdict', { hasText: 'A message costs' }).waitFor({ timeout: 60_000 })
  const texts = await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const found: { text: string; px: number; isInside: boolean }[] = []
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent?.trim() ?? ''
      const range = document.createRange()
      range.selectNodeContents(node)
      const { width, left, right, top, bottom } = range.getBoundingClientRect()
      // The heading is only for screen readers here.
      if (text === '' || width < 2 || !node.parentElement || node.parentElement.closest('.site')) continue
      const isInside = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight
      found.push({ text, px: Number.parseFloat(getComputedStyle(node.parentElement).fontSize), isInside })
    }
    return found
  })
  expect(texts.filter(({ px, isInside }) => px < 24 || !isInside)).toEqual([])
  expect(texts.map(({ text }) => text)).toContain('p50')
  await page.keyboard.press('L')
  await page.locator('.page:not(.large)').waitFor()
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize)).toBe('16px')
})

test('the shape of a lane that is off is an outline without a border', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?off=short-poll,long-poll,sse&view=table')
  const { page } = opened
  await lanesHave(page, 1)
  const drawn = await page.locator('svg.shape.hollow').evaluateAll((shapes) =>
    shapes.map((shape) => {
      const { borderTopWidth, borderLeftWidth, backgroundColor, fill } = getComputedStyle(shape)
      return [borderTopWidth, borderLeftWidth, backgroundColor, fill]
    }),
  )
  // Shapes in the lanes' heads and in the table.
  expect(drawn).toEqual(Array.from({ length: 6 }, () => ['0px', '0px', 'rgba(0, 0, 0, 0)', 'none']))
})

test('the status line shows each sentence completely, and a sentence moves no other part of the page', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?rate=20')
  const { page } = opened
  await lanesHave(page, 1)
  for (const viewport of [DESK, { width: 360, height: 640 }]) {
    await page.setViewportSize(viewport)
    const status = page.locator('.statusline')
    const above = await page.locator('.chat').boundingBox()
    await page.evaluate(() => {
      const page = document.querySelector('fw-page')
      Reflect.get(page ?? {}, 'say').call(
        page,
        'Café Wi-Fi · 40 to 80 ms each way · 2 % lost. All lanes have reconnected, and the figures start again.',
      )
    })
    await status.getByText('figures start again.').waitFor()
    expect(await status.evaluate((line) => line.scrollHeight - line.clientHeight)).toBe(0)
    expect(await status.evaluate((line) => line.scrollWidth - line.clientWidth)).toBe(0)
    expect(await page.locator('.chat').boundingBox()).toEqual(above)
  }
})

test('the layout does not move while the figures change', async () => {
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
