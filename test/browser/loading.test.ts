/** Checks how the pages load. */
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { lanesAreOn, open } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

const FILES = ['document', 'script', 'script', 'stylesheet']

test.for([
  '/',
  '/lessons',
  '/lessons/03-short-polling',
  '/board',
  '/choose',
  '/capacity',
  '/chat',
  '/docs',
  '/sign-in.html',
])('the page %s loads a document, a style and two scripts, and loads only the document again', async (path) => {
  await using server = await serve()
  await using opened = await open(browser, server, path)
  const { page, trouble, requests } = opened
  await page.waitForFunction(() => document.readyState === 'complete' && !document.querySelector('.unstarted'))
  const loaded = () => requests.filter((request) => FILES.includes(request.resourceType()))
  expect(
    loaded()
      .map((request) => request.resourceType())
      .toSorted(),
  ).toEqual(FILES)
  expect(await page.locator('meta[name=description]').getAttribute('content')).toMatch(/^[A-Z].{20}/)
  const asked: (string | undefined)[] = []
  server.app.server.on('request', ({ url }) => asked.push(url))
  await page.reload()
  await page.waitForFunction(() => document.readyState === 'complete' && !document.querySelector('.unstarted'))
  expect(asked).toContain(path)
  expect(asked.filter((url) => url?.startsWith('/joined/'))).toEqual([])
  expect(trouble).toEqual([])
})

test('DevTools can load the source map of the script, in spite of the content security policy', async () => {
  await using server = await serve()
  await using opened = await open(browser, server)
  const { page, context } = opened
  await lanesAreOn(page)
  const cdp = await context.newCDPSession(page)
  const maps: string[] = []
  cdp.on('Debugger.scriptParsed', ({ url, sourceMapURL }) => {
    if (url.endsWith('/main.js') && sourceMapURL) maps.push(new URL(sourceMapURL, url).href)
  })
  await cdp.send('Debugger.enable')
  expect(maps).toHaveLength(1)
  const { frameTree } = await cdp.send('Page.getFrameTree')
  const { resource } = await cdp.send('Network.loadNetworkResource', {
    frameId: frameTree.frame.id,
    url: maps[0] ?? '',
    options: { disableCache: true, includeCredentials: true },
  })
  expect(resource).toMatchObject({ success: true, httpStatusCode: 200 })
})

test.for([
  { width: 1280, height: 720 },
  { width: 820, height: 900 },
  { width: 390, height: 844 },
])('before its script has loaded, the sandbox shows its four strips at their places: %o', async (viewport) => {
  await using server = await serve()
  const context = await browser.newContext({ viewport })
  const page = await context.newPage()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  await page.route('**/main.js', async (route) => {
    await released
    await route.continue()
  })
  const strips = () =>
    page.evaluate(() =>
      Array.from(document.querySelectorAll('.strip'), (strip) => {
        const { x, y, width, height } = strip.getBoundingClientRect()
        return [x, y, width, height].map((length) => Math.round(length)).join(' ')
      }),
    )
  await page.goto(server.origin, { waitUntil: 'commit' })
  await expect.poll(strips).toHaveLength(4)
  await page.waitForFunction(() => document.styleSheets.length > 0)
  const before = await strips()
  release()
  await page.waitForFunction(() => document.querySelector('fw-page .strip') !== null)
  expect(await strips()).toEqual(before)
  expect(await page.locator('.shell').count()).toBe(0)
  await context.close()
})
