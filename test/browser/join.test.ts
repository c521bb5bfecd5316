/** Checks the page of a phone that takes part in a class: its seat, its vote, its one lane, and what the network lets through. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JoinedSeat } from '../../web/join/seat.ts'
import type { Served } from '../serve.ts'
import { serve } from '../serve.ts'
import { enter } from '../server/show/guest.ts'
import { launch } from './chromium.ts'
import { PHONE, open } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

const SMALL = { width: 360, height: 640 }

const phone = (server: Pick<Served, 'origin'>, viewport = PHONE, colorScheme: 'light' | 'dark' = 'light') =>
  open(browser, server, '/join', { viewport, colorScheme, hasTouch: true, isMobile: true })

/** Waits until the lane of this phone carries messages. */
async function carries(page: Page): Promise<void> {
  await page.waitForFunction(() => (window.fourwireSeat?.lane?.latencies.n ?? 0) > 0, undefined, { timeout: 30_000 })
}

const seatOf = (page: Page) =>
  page.evaluate(() => {
    const { seat, lane, carrier, session }: JoinedSeat = window.fourwireSeat
    const counts = session.lanes.map(({ ledger }) => ledger.counts)
    return {
      seat: seat?.seat,
      dealt: seat?.dealt,
      on: session.lanes.filter(({ on }) => on).map(({ transport }) => transport),
      carrier: lane?.transport,
      why: carrier?.why,
      lost: counts.reduce((sum, { lost }) => sum + lost, 0),
      doubled: counts.reduce((sum, { duplicated }) => sum + duplicated, 0),
      received: counts.reduce((sum, { received }) => sum + received, 0),
    }
  })

async function clean(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
}

test('a phone takes a seat, votes, and sees its vote among those of the class and the right answer', async () => {
  await using server = await serve()
  const guide = await enter(server.origin)
  guide.say({ say: 'take' })
  guide.say({ say: 'go', scene: 'news', step: 'predict' })
  await using first = await phone(server)
  await using second = await phone(server, SMALL, 'dark')
  for (const { page } of [first, second]) await carries(page)
  const dealt = await Promise.all([first, second].map(({ page }) => seatOf(page)))
  expect(dealt.map(({ seat }) => seat).toSorted()).toEqual([1, 2])
  expect(dealt[0]?.dealt).not.toBe(dealt[1]?.dealt)
  // Each phone has one lane: the dealt one.
  for (const { on, dealt: transport } of dealt) expect(on).toEqual([transport])

  const { page } = first
  const answer = page.getByRole('button', { name: '2.5 s' })
  expect((await answer.boundingBox())?.height).toBeGreaterThanOrEqual(52)
  await page.getByRole('button', { name: '0.5 s', exact: true }).tap()
  await answer.tap()
  await page.getByText('Your vote: 2.5 s. You can change it.').waitFor()
  await second.page.getByRole('button', { name: '5 s', exact: true }).tap()
  for (const { page } of [first, second]) await clean(page)

  guide.say({ say: 'go', scene: 'news', step: 'closed' })
  await page.getByText('your vote').waitFor()
  expect(await page.locator('.votes .count').allTextContents()).toEqual(['0', '0', '1', '1'])
  guide.say({ say: 'go', scene: 'news', step: 'run' })
  await page.getByText(/^runs · \d+ s$/).waitFor()
  const figures = { p50Ms: 2500, n: 80, bytesPerMessage: 900, lost: 0, doubled: 0 }
  guide.say({ say: 'measured', scene: 'news', lanes: [{ lane: 'short-poll', ...figures }] })
  guide.say({ say: 'go', scene: 'news', step: 'explain' })
  await page.getByText('2 votes. The measurement says: 2.5 s. You were right.').waitFor()
  await second.page.getByText('You expected something else.').waitFor()
  expect(await page.locator('.votes .right .text').textContent()).toContain('2.5 s')
  for (const { page } of [first, second]) await clean(page)
  expect([...first.trouble, ...second.trouble]).toEqual([])
})

test('while a phone loads and takes its seat, nothing on the page moves, and no sentence says that the server is away', async () => {
  await using server = await serve()
  await using phone = await open(browser, server, '/health', { viewport: PHONE, hasTouch: true, isMobile: true })
  const { page } = phone
  await page.addInitScript(() => {
    const seen: Window & { moved?: number; alarm?: string } = window
    seen.moved = 0
    seen.alarm = ''
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        seen.moved = (seen.moved ?? 0) + ('value' in entry ? Number(entry.value) : 0)
    }).observe({ type: 'layout-shift', buffered: true })
    new MutationObserver(() => (seen.alarm ||= document.querySelector('.trouble')?.textContent ?? '')).observe(
      document,
      { subtree: true, childList: true },
    )
  })
  await page.goto(`${server.origin}/join`)
  await carries(page)
  await page.getByText('checked at').waitFor()
  const { moved, alarm } = await page.evaluate(() => {
    const { moved, alarm }: Window & { moved?: number; alarm?: string } = window
    return { moved, alarm }
  })
  expect(alarm).toBe('')
  expect(moved).toBeLessThan(0.001)
})

test('a reload keeps the seat, the name and the vote, a second tab takes the seat over, and a removed seat stops', async () => {
  await using server = await serve()
  const guide = await enter(server.origin)
  guide.say({ say: 'take' })
  guide.say({ say: 'go', scene: 'news', step: 'predict' })
  await using opened = await phone(server)
  const { page, context } = opened
  await carries(page)
  await page.getByRole('button', { name: 'Add a name' }).tap()
  await page.getByLabel('Your name').fill('Ada')
  await page.getByRole('button', { name: 'Save' }).tap()
  await page.getByRole('button', { name: 'Ada' }).waitFor()
  await page.getByRole('button', { name: '2.5 s' }).tap()
  await page.getByText('Your vote: 2.5 s.').waitFor()
  await page.reload()
  await page.getByText('Your vote: 2.5 s.').waitFor()
  await page.getByRole('button', { name: 'Ada' }).waitFor()
  expect((await seatOf(page)).seat).toBe(1)

  const tab = await context.newPage()
  await tab.goto(`${server.origin}/join`)
  await page.getByText('Another tab has taken this seat.').waitFor()
  await clean(page)
  await page.getByRole('button', { name: 'Take the seat back' }).tap()
  await tab.getByText('Another tab has taken this seat.').waitFor()
  await carries(page)
  expect((await seatOf(page)).seat).toBe(1)

  guide.say({ say: 'remove', seat: 1 })
  await page.getByText('The instructor has removed this seat.').waitFor()
  await clean(page)
  await page.reload()
  await page.getByText('The instructor has removed this seat.').waitFor()
})

test('behind a firewall, SSE carries the lane of a WebSocket seat, the page says why, and the WebSocket returns', async () => {
  await using server = await serve()
  const contexts: BrowserContext[] = []
  let page: Page | undefined
  // The server deals each transport in turn.
  for (let i = 0; i < 4 && !page; i++) {
    const opened = await phone(server)
    contexts.push(opened.context)
    await carries(opened.page)
    if ((await seatOf(opened.page)).dealt === 'ws') page = opened.page
  }
  if (!page) throw new Error('No phone was dealt the WebSocket.')
  await server.set({ conditions: { firewall: true } })
  const why = 'WebSocket is refused here, so SSE carries this lane.'
  await page.getByText(why).waitFor({ timeout: 30_000 })
  await page.getByText('This network refuses WebSocket.').waitFor()
  await expect.poll(() => page?.evaluate(() => window.fourwireSeat.lane?.state.is), { timeout: 20_000 }).toBe('open')
  expect(await seatOf(page)).toMatchObject({ on: ['sse'], why, lost: 0, doubled: 0 })
  await clean(page)
  await server.set({ conditions: { firewall: false } })
  await page.getByText('Everything gets through this network.').waitFor({ timeout: 30_000 })
  await expect.poll(async () => page && (await seatOf(page)).on, { timeout: 20_000 }).toEqual(['ws'])
  const { lost, doubled, received } = await seatOf(page)
  expect({ lost, doubled }).toEqual({ lost: 0, doubled: 0 })
  expect(received).toBeGreaterThan(0)
  for (const context of contexts) await context.close()
})

test('with --auth, a phone signs in first, comes back, and has its seat under the name of its session', async () => {
  await using server = await serve({ auth: { password: 'correct horse battery' } })
  await using opened = await phone(server)
  const { page } = opened
  await page.waitForURL('**/sign-in.html?next=*')
  await page.locator('[name=user]').fill('Ada')
  await page.locator('[name=password]').fill('correct horse battery')
  await page.locator('form button').first().tap()
  await page.waitForURL('**/join')
  await page.getByRole('button', { name: 'Ada' }).waitFor()
  await carries(page)
  expect(await seatOf(page)).toMatchObject({ seat: 1, lost: 0 })
})
