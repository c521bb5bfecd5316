/** Checks the pages on a computer without an external network, for example on a train or in an exam room. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import { openBoard } from './boards.ts'
import { launch } from './chromium.ts'
import { lanesHave, open, snapshotOf } from './opened.ts'

const run = promisify(execFile)
const SCRIPT = join(import.meta.dirname, 'loopback.ts')
/** Runs a command in a network namespace in which only the loopback interface is up. */
const alone = (...command: readonly string[]) =>
  run('unshare', ['-n', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...command])

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('every page gets all of its content from its own server if there is no external network', async ({ skip }) => {
  const isAllowed = await alone('true').then(
    () => true,
    () => false,
  )
  skip(!isAllowed, 'only root can create a network namespace, and only if `unshare` is installed')
  const { stdout } = await alone(process.execPath, SCRIPT)
  expect(JSON.parse(stdout)).toEqual({
    isOnline: false,
    got: ['/', '/lessons/04-long-polling', '/board?board=b', '/choose', '/chat'],
  })
}, 120_000)

test('a browser that reports itself offline again and again keeps every connection', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?poll=0.25')
  const { page } = opened
  await lanesHave(page, 1)
  const streams: string[] = []
  page.on('request', (request) => request.url().includes('/sse?') && streams.push(request.url()))
  page.on('websocket', (socket) => streams.push(socket.url()))
  const { n = 0 } = (await snapshotOf(page)).lanes[0] ?? {}
  for (const name of ['offline', 'online', 'offline']) {
    await page.evaluate((type) => {
      Object.defineProperty(navigator, 'onLine', { configurable: true, get: () => type === 'online' })
      dispatchEvent(new Event(type))
    }, name)
    await lanesHave(page, n + 2)
  }
  expect(streams).toEqual([])
  expect((await snapshotOf(page)).lanes.map(({ state }) => state)).not.toContain('resting')
  expect(await page.getByRole('alert').count()).toBe(0)
})

test('a board reports a cut network as a server that does not answer, hides its live mark, and recovers', async () => {
  await using server = await serve()
  await using ada = await openBoard(browser, server.origin)
  const { page } = ada
  await page.evaluate(() => {
    const look = () => {
      const isLive = document.querySelector('.chip')?.textContent?.includes('live') ?? false
      if (isLive && document.querySelector('.trouble')) document.documentElement.classList.add('both')
    }
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true })
  })
  await page.context().setOffline(true)
  await page.getByRole('alert').getByText('The server does not answer:').waitFor()
  await page.locator('.chip').getByText('no answer').waitFor()
  // The two may not stand together even for a moment.
  expect(await page.locator('html.both').count()).toBe(0)
  await page.getByLabel('New task in To do').fill('one')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('1 change waits and will be sent.').waitFor()
  await page.context().setOffline(false)
  await page.getByRole('alert').waitFor({ state: 'detached' })
  await page.locator('.chip').getByText('live').waitFor()
})

test('a board reports that its changes are not saved, and stays live if only the changes fail', async () => {
  await using server = await serve()
  await using ada = await openBoard(browser, server.origin)
  const { page } = ada
  await page.route(/\/boards\/b\?/, (route) => route.abort())
  await page.getByLabel('New task in To do').fill('one')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('The changes are not saved: the server does not answer them.').waitFor()
  expect(await page.locator('.chip').textContent()).toMatch(/live/)
})

test('the plain chat reports its lost connection when the network is cut, and recovers', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/chat')
  const { page, context } = opened
  const isOpen = () => page.evaluate(() => document.querySelector('output')?.value === '')
  await expect.poll(isOpen).toBe(true)
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('Your message').fill('one')
  await page.keyboard.press('Enter')
  await page.getByRole('log').getByText('one').waitFor()
  await context.setOffline(true)
  await page.getByText('The connection is lost. The page is trying again.').waitFor()
  await context.setOffline(false)
  await page.getByText('The connection is lost. The page is trying again.').waitFor({ state: 'detached' })
})

test('a lesson reports a cut network as a server that does not answer, and recovers', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/lessons/05-how-sse-works')
  const { page, context } = opened
  await lanesHave(page, 1)
  await context.setOffline(true)
  await page.getByRole('alert').getByText('The server does not answer.').waitFor()
  await context.setOffline(false)
  await page.getByRole('alert').waitFor({ state: 'detached' })
})
