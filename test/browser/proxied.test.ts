/** Checks every page behind a proxy that changes requests: the page names the problem and the remedy. */
import type { Browser, BrowserContextOptions, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PUBLIC, isInstalled, startProxy } from '../proxy/proxy.ts'
import type { Proxy } from '../proxy/proxy.ts'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { snapshotOf } from './opened.ts'

const PAGES = [
  '/',
  '/board',
  '/choose',
  '/capacity',
  '/chat',
  '/docs',
  '/docs/readme',
  '/lessons',
  '/lessons/01-why-real-time',
  '/sign-in.html',
]

const nginx = (server: number, more = '') =>
  startProxy(
    'nginx',
    (port) => `server { listen ${PUBLIC}:${port}; location / { proxy_pass http://127.0.0.1:${server}; ${more} } }`,
  )

/** Time limit for the lab, which tries a WebSocket first, and for a few messages. */
const LONG = { timeout: 15_000 }

const originOf = ({ port }: Proxy): string => `http://${PUBLIC}:${port}`

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

interface Opened extends AsyncDisposable {
  readonly page: Page
  /** Paths of all requests. */
  readonly asked: ReadonlySet<string>
}

async function opened(url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const asked = new Set<string>()
  page.on('request', (request) => asked.add(new URL(request.url()).pathname))
  await page.goto(url)
  return { page, asked, [Symbol.asyncDispose]: () => context.close() }
}

describe.skipIf(!isInstalled('nginx'))('behind nginx (skipped if it is not installed)', () => {
  test.for(PAGES)('if nginx sets its own Host, the page %s names both addresses and the remedy', async (path) => {
    await using server = await serve()
    await using proxy = await nginx(server.port)
    await using at = await opened(originOf(proxy) + path)
    const said = at.page.locator('.refused')
    await expect.poll(() => said.textContent(), LONG).toContain(`This page is at ${originOf(proxy)}.`)
    const sentence = await said.textContent()
    expect(sentence).toContain(`the server at "127.0.0.1:${server.port}"`)
    expect(sentence).toContain('proxy_set_header Host $http_host;')
    expect(sentence).toContain(`--allow-host ${PUBLIC}`)
    expect(sentence).toContain(`--allow-origin ${originOf(proxy)}`)
    await expect.poll(() => said.isVisible(), LONG).toBe(true)
  })

  test.for(PAGES)(
    'if nginx passes on a host name that is not allowed, the page %s shows the name and the flag that allows it',
    async (path) => {
      await using server = await serve()
      await using proxy = await nginx(server.port, 'proxy_set_header Host $http_host;')
      await using at = await opened(originOf(proxy) + path)
      const said = at.page.locator('.refused')
      await expect.poll(() => said.textContent(), LONG).toContain(`for the host "${PUBLIC}:${proxy.port}"`)
      expect(await said.textContent()).toContain(`--allow-host ${PUBLIC}`)
    },
  )

  test.for(PAGES)('if nginx is configured correctly, the page %s reports no problem', async (path) => {
    await using server = await serve({ allowHosts: [PUBLIC] })
    await using proxy = await nginx(server.port, 'proxy_set_header Host $http_host;')
    await using at = await opened(originOf(proxy) + path)
    await expect.poll(() => at.asked.has('/health'), LONG).toBe(true)
    await expect.poll(() => at.page.locator('.unstarted').count(), LONG).toBe(0)
    expect(await at.page.locator('.refused').count()).toBe(0)
  })

  test.for([
    ['strips upgrades', 'proxy_set_header Host $http_host;', true],
    ['strips upgrades and sets its own Host', '', false],
  ] as const)(
    'if nginx %s, the sandbox has three lanes, a metronome and a clock, and explains why the WebSocket lane is missing',
    async (proxied) => {
      const [, more, mayPublish] = proxied
      await using server = await serve({ allowHosts: [PUBLIC] })
      await using proxy = await nginx(server.port, more)
      await using at = await opened(`${originOf(proxy)}/?poll=0.5`)
      const { page } = at
      await expect.poll(() => page.locator('.notice').textContent(), LONG).toContain('No WebSocket gets through')
      expect(await page.locator('.notice').textContent()).toContain('proxy_set_header Upgrade $http_upgrade;')
      await expect
        .poll(
          async () => (await snapshotOf(page)).lanes.filter(({ n, p50Ms }) => n >= 2 && p50Ms !== null).length,
          LONG,
        )
        .toBe(3)
      const { clock, lanes } = await snapshotOf(page)
      expect(clock?.boundMs).toBeLessThan(1000)
      expect(lanes.find(({ transport }) => transport === 'ws')).toMatchObject({ received: 0 })
      const by = page.getByLabel('Send by')
      expect(await by.locator('option[value=ws]').isDisabled()).toBe(true)
      expect(await by.inputValue()).toBe('post')
      // Under this host name the page is not the instructor's. With nginx's own Host, the server refuses every POST.
      const cut = page.getByRole('button', { name: 'Cut now' })
      await expect.poll(() => cut.isDisabled(), LONG).toBe(true)
      if (!mayPublish) expect(await cut.getAttribute('title')).toContain('proxy_set_header Host')
      await page.getByLabel('Your message').fill('hello')
      await page.getByLabel('Your message').press('Enter')
      await expect
        .poll(() => page.locator('body').textContent(), LONG)
        .toMatch(mayPublish ? /Ada|anonymous/ : /may not use the server/)
    },
  )

  test.for(['/lessons/01-why-real-time', '/choose'])(
    "if nginx strips upgrades, the page %s reads the server's clock by HTTP",
    async (path) => {
      await using server = await serve({ allowHosts: [PUBLIC] })
      await using proxy = await nginx(server.port, 'proxy_set_header Host $http_host;')
      await using at = await opened(originOf(proxy) + path)
      await expect.poll(() => at.asked.has('/lab/clock'), LONG).toBe(true)
    },
  )

  test.for(PAGES)('if nginx blocks scripts, the page %s says that it has not started', async (path) => {
    await using server = await serve()
    await using proxy = await nginx(
      server.port,
      'proxy_set_header Host $http_host; if ($uri ~ "^/joined/.*js$") { return 403; }',
    )
    await using at = await opened(originOf(proxy) + path)
    await expect.poll(() => at.page.locator('.unstarted').isVisible(), LONG).toBe(true)
    expect(await at.page.locator('.unstarted').textContent()).toMatch(/has not started/)
  })
})

test.for(PAGES)('without JavaScript, the page %s says only that it needs JavaScript', async (path) => {
  await using server = await serve()
  await using at = await opened(server.origin + path, { javaScriptEnabled: false })
  expect(await at.page.locator('noscript').isVisible()).toBe(true)
  expect(await at.page.locator('.unstarted').isVisible()).toBe(false)
})
