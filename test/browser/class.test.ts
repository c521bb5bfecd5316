/**
 * A class with real pages and a real server process: the seats and the show survive sleep, a network that is away, and
 * `kill -9` in the middle of a scene.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { JoinedSeat } from '../../web/join/seat.ts'
import { balance } from '../balancer.ts'
import { HAS_REDIS, testRedis } from '../redis.ts'
import { spawnServer } from '../spawn.ts'
import { launch } from './chromium.ts'
import { PHONE, open } from './opened.ts'

let browser: Browser
let folder: string
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fourwire-class-'))
  return () => rm(folder, { recursive: true })
})

/** Longest time until a page is back after a restart, on a busy machine. */
const BACK_MS = 45_000

/** Number of messages in ten minutes, at one message a second. */
const TEN_MINUTES = 600

const seatOf = (page: Page) =>
  page.evaluate(() => {
    const { seat, vote, lane, show, session }: JoinedSeat = window.fourwireSeat
    const counts = session.lanes.map(({ ledger }) => ledger.counts)
    const sum = (of: 'received' | 'lost' | 'duplicated') => counts.reduce((total, count) => total + count[of], 0)
    return {
      seat: seat?.seat,
      vote,
      step: show?.step,
      carrier: lane?.transport,
      received: sum('received'),
      lost: sum('lost'),
      doubled: sum('duplicated'),
    }
  })

const received = (page: Page): Promise<number> =>
  page.evaluate(() => {
    // The page sets this member when the server has told it the room.
    const lanes = window.fourwireSeat?.session.lanes ?? []
    return lanes.reduce((sum, { ledger }) => sum + ledger.counts.received, 0)
  })

/** Waits until the phone has received some more messages. */
async function receives(page: Page, more = 1): Promise<void> {
  const before = await received(page)
  await expect.poll(() => received(page), { timeout: BACK_MS }).toBeGreaterThanOrEqual(before + more)
}

async function publish(origin: string, count: number): Promise<void> {
  const one = async (i: number): Promise<void> => {
    const body = JSON.stringify({ user: 'Ada', text: String(i) })
    const headers = { 'content-type': 'application/json' }
    const { status } = await fetch(`${origin}/feed/class-1`, { method: 'POST', headers, body })
    expect(status).toBe(201)
  }
  for (let i = 0; i < count; i += 20) await Promise.all(Array.from({ length: 20 }, (_, j) => one(i + j)))
}

const phone = (server: { readonly origin: string }) =>
  open(browser, server, '/join', { viewport: PHONE, hasTouch: true, isMobile: true })

/** Goes on with the remote until a scene asks, because the first scene only collects the class. */
async function goToQuestion(remote: Page, phone: Page): Promise<void> {
  for (let i = 0; i < 4 && !(await phone.locator('.answers').isVisible()); i++) {
    const version = await phone.evaluate(() => window.fourwireSeat.show?.version)
    await remote.locator('.next').tap()
    await phone.waitForFunction((before) => window.fourwireSeat.show?.version !== before, version)
    await phone.waitForTimeout(300)
  }
}

test('a phone that sleeps for the messages of ten minutes, without a network, has the same seat and has lost nothing', async () => {
  await using server = await spawnServer('--data', join(folder, 'feed.db'), '--limits', 'off')
  await using opened = await phone(server)
  const { page, context } = opened
  await receives(page)
  const before = await seatOf(page)
  const cdp = await context.newCDPSession(page)
  await cdp.send('Page.setWebLifecycleState', { state: 'frozen' })
  await context.setOffline(true)
  await publish(server.origin, TEN_MINUTES)
  await cdp.send('Page.setWebLifecycleState', { state: 'active' })
  // The browser still reports that there is no network.
  await context.setOffline(false)
  await expect
    .poll(async () => (await seatOf(page)).received, { timeout: BACK_MS })
    .toBeGreaterThanOrEqual(before.received + TEN_MINUTES)
  expect(await seatOf(page)).toMatchObject({ seat: before.seat, carrier: before.carrier, lost: 0, doubled: 0 })
})

test('projector, presenter, remote and three phones go on after kill -9 in the middle of a scene', async () => {
  const data = ['--data', join(folder, 'feed.db'), '--limits', 'off'] as const
  await using first = await spawnServer(...data)
  await using stage = await open(browser, first, '/stage')
  await using presenter = await open(browser, first, '/presenter')
  await using remote = await open(browser, first, '/remote', { viewport: PHONE, hasTouch: true })
  await using one = await phone(first)
  await using two = await phone(first)
  await using three = await phone(first)
  const phones = [one, two, three].map(({ page }) => page)
  const next = remote.page.locator('.next')
  const stepIs = (step: string) =>
    Promise.all(
      phones.map((page) => expect.poll(async () => (await seatOf(page)).step, { timeout: BACK_MS }).toBe(step)),
    )
  for (const page of phones) await receives(page)

  await goToQuestion(remote.page, one.page)
  for (const [i, page] of phones.entries()) await page.locator('.answers button').nth(i).tap()
  for (const page of phones) await page.getByText('Your vote:').waitFor()
  const isAt = (name: string) => remote.page.locator('.remote .alarm', { hasText: name }).waitFor({ timeout: BACK_MS })
  await isAt('Predict')
  await next.tap()
  await stepIs('closed')
  await isAt('Votes closed')
  await next.tap()
  await stepIs('run')
  const seats = await Promise.all(phones.map(seatOf))
  await first.end('SIGKILL')
  await using second = await spawnServer(...data, '--port', String(first.port))
  expect(second.port).toBe(first.port)
  for (const page of phones) await receives(page, 2)
  await stepIs('run')
  const after = await Promise.all(phones.map(seatOf))
  for (const [i, { seat, vote, carrier }] of seats.entries())
    expect(after[i]).toMatchObject({ seat, vote, carrier, step: 'run', lost: 0, doubled: 0 })
  // The remote still drives, and all pages show the new step.
  await isAt('Run')
  await next.tap()
  await stepIs('explain')
  for (const { page } of [stage, presenter]) await page.getByText('Explain').first().waitFor({ timeout: BACK_MS })
  const allowed = /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE|ERR_CONNECTION_RESET|WebSocket connection/
  for (const { trouble } of [stage, presenter, remote, one, two, three])
    expect(trouble.filter((text) => !allowed.test(text))).toEqual([])
})

test.skipIf(!HAS_REDIS)(
  'behind a load balancer, all pages go on if the process that runs the show is killed in the middle of a scene',
  async () => {
    await using redis = await testRedis()
    const flags = ['--redis', redis.url, '--data', ':memory:', '--limits', 'off'] as const
    await using host = await spawnServer(...flags)
    // The first process that is asked runs the show.
    expect((await fetch(`${host.origin}/show`)).status).toBe(200)
    await using second = await spawnServer(...flags)
    await using third = await spawnServer(...flags)
    await using balancer = await balance(host.port, second.port, third.port)
    await using stage = await open(browser, balancer, '/stage')
    await using presenter = await open(browser, balancer, '/presenter')
    await using remote = await open(browser, balancer, '/remote', { viewport: PHONE, hasTouch: true })
    await using one = await phone(balancer)
    await using two = await phone(balancer)
    await using three = await phone(balancer)
    const phones = [one, two, three].map(({ page }) => page)
    for (const page of phones) await receives(page)
    const next = remote.page.locator('.next')
    await goToQuestion(remote.page, one.page)
    for (const [i, page] of phones.entries()) await page.locator('.answers button').nth(i).tap()
    for (const page of phones) await page.getByText('Your vote:').waitFor()
    const goesTo = async (name: string, step: string): Promise<void> => {
      await next.tap()
      for (const page of phones)
        await expect.poll(async () => (await seatOf(page)).step, { timeout: BACK_MS }).toBe(step)
      for (const { page } of [stage, presenter]) await page.getByText(name).first().waitFor({ timeout: BACK_MS })
    }
    await remote.page.locator('.remote .alarm', { hasText: 'Predict' }).waitFor()
    await goesTo('closed', 'closed')
    await goesTo('Run', 'run')
    const seats = await Promise.all(phones.map(seatOf))
    await host.end('SIGKILL')
    for (const page of phones) await receives(page, 2)
    for (const [i, { seat, vote }] of seats.entries())
      expect(await seatOf(phones[i] ?? one.page)).toMatchObject({ seat, vote, step: 'run', lost: 0, doubled: 0 })
    await remote.page.locator('.remote .alarm', { hasText: 'Run' }).waitFor({ timeout: BACK_MS })
    await goesTo('Explain', 'explain')
  },
)
