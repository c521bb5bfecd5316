/**
 * Checks a page that does not run for a while, because its computer is busy or its process is stopped. The network is
 * not involved.
 */
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import { agree, change, create, openBoard } from './boards.ts'
import { launch } from './chromium.ts'
import { lanesHave, open, snapshotOf } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test.for([{ blocksMs: [1200] }, { blocksMs: [3000] }, { blocksMs: [10_000] }, { blocksMs: [1200, 1500, 1200] }])(
  'a page whose thread was blocked for $blocksMs ms keeps its lanes and clock, and counts no block as a delay',
  { timeout: 60_000 },
  async ({ blocksMs }) => {
    await using server = await serve()
    await using opened = await open(browser, server, '/?poll=0.25&rate=10')
    const { page } = opened
    await lanesHave(page, 10)
    const connections = countStreams(page)
    const before = await snapshotOf(page)
    const blocked: Stretch[] = []
    for (const ms of blocksMs) {
      blocked.push(await block(page, ms))
      await page
        .getByRole('status')
        .getByText(/^This computer was busy: this page did not run for about/)
        .waitFor()
      // The page stopped at an unknown moment between two checks, and also has other work to finish.
      expect(await saidSeconds(page)).toBeGreaterThan(ms / 1000 - 0.3)
      expect(await saidSeconds(page)).toBeLessThan(ms / 1000 + 1.5)
    }
    await lanesHave(page, (before.lanes[2]?.n ?? 0) + 20)
    const after = await snapshotOf(page)
    expect(connections()).toEqual({ sse: 0, ws: 0 })
    expect(after.clock.boundMs).not.toBe(null)
    for (const lane of after.lanes) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
    const during = await publishedDuring(page, blocked)
    expect(during.messages).toBeGreaterThan(0)
    expect(during.measured).toEqual([])
    expect(await page.locator('.alarm').count()).toBe(0)
  },
)

test.for([{ ms: 5000 }, { ms: 40_000 }])(
  'a browser stopped for $ms ms loses no message, and does not count the stop as a delay',
  { timeout: 120_000 },
  async ({ ms }) => {
    const own = await launch()
    try {
      await using server = await serve()
      await using opened = await open(own, server, '/?poll=0.25&rate=5')
      const { page } = opened
      await lanesHave(page, 5)
      const pids = await processes(own)
      for (const pid of pids) process.kill(pid, 'SIGSTOP')
      await new Promise((resolve) => setTimeout(resolve, ms))
      for (const pid of pids) process.kill(pid, 'SIGCONT')
      await page
        .getByRole('status')
        .getByText(/^This computer was busy/)
        .waitFor()
      const last = await server.publish('after it')
      await page.waitForFunction((id) => seq(window.fourwire.snapshot().cursor) >= seq(id), last.id)
      const { lanes, clock } = await snapshotOf(page)
      expect(clock.boundMs).not.toBe(null)
      for (const lane of lanes) {
        expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
        expect(await slowest(page, lane.transport)).toBeLessThan(0.5 * ms)
      }
    } finally {
      await own.close()
    }
  },
)

test('a board whose main thread is blocked keeps its connection', async () => {
  await using server = await serve()
  await using ada = await openBoard(browser, server.origin)
  const { page } = ada
  const connections = countStreams(page)
  await block(page, 10_000)
  await change(server.origin, create('after'))
  await agree(server.origin, [ada])
  expect(connections()).toEqual({ sse: 0, ws: 0 })
  expect(await page.locator('.chip').textContent()).toMatch(/WebSocket\s+live/)
  expect(await page.getByRole('alert').count()).toBe(0)
})

test('if the browser’s wall clock is set, every lane keeps its connection', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?poll=0.25')
  const { page } = opened
  await lanesHave(page, 3)
  const connections = countStreams(page)
  const before = (await snapshotOf(page)).lanes[3]?.n ?? 0
  for (const ms of [3_600_000, -7_200_000]) {
    await page.evaluate((by) => {
      const { now } = Date
      Date.now = () => now() + by
    }, ms)
    await expect.poll(async () => (await snapshotOf(page)).clock.boundMs).not.toBe(null)
  }
  await lanesHave(page, before + 3)
  expect(connections()).toEqual({ sse: 0, ws: 0 })
})

test('after a sleep that stopped the monotonic clock, the page announces the sleep and reconnects every lane', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?poll=0.25')
  const { page } = opened
  await lanesHave(page, 3)
  const connections = countStreams(page)
  // For the page this looks like a sleep: the wall clock and the server's clock went on without the monotonic clock.
  await page.evaluate(() => {
    const now = performance.now.bind(performance)
    performance.now = () => now() - 60_000
  })
  await page.getByRole('status').getByText('This computer slept for about 60 s.').waitFor()
  await page
    .getByRole('status')
    .getByText('All lanes have reconnected from their cursors: 0 lost, 0 doubled.')
    .waitFor()
  expect(connections()).toEqual({ sse: 1, ws: 1 })
  await lanesHave(page, 5)
  for (const lane of (await snapshotOf(page)).lanes) expect(lane.p99Ms ?? 0).toBeLessThan(1500)
})

/** Counts the streams and WebSockets of the feed that are opened from now on. */
function countStreams(page: Page): () => { readonly sse: number; readonly ws: number } {
  let sse = 0
  let ws = 0
  page.on('request', (request) => void (request.url().includes('/sse?') && sse++))
  page.on('websocket', (socket) => void (socket.url().includes('/feed/') && ws++))
  return () => ({ sse, ws })
}

/** Time span on the page's clock, in ms. */
interface Stretch {
  readonly fromMs: number
  readonly toMs: number
}

/** Keeps the main thread busy. Returns the time span. */
function block(page: Page, ms: number): Promise<Stretch> {
  return page.evaluate((forMs) => {
    const fromMs = performance.timeOrigin + performance.now()
    while (performance.timeOrigin + performance.now() < fromMs + forMs);
    return { fromMs, toMs: performance.timeOrigin + performance.now() }
  }, ms)
}

/** Counts the messages published in these time spans, and names the lanes whose figures include one of them. */
function publishedDuring(page: Page, stretches: readonly Stretch[]) {
  return page.evaluate((during) => {
    interface Message {
      readonly event: { readonly id: string; readonly at: number }
      readonly delayMs: readonly (number | undefined)[]
    }
    const {
      clock,
      lanes,
      messages: { all },
    }: {
      clock: { at(pageMs: number): { offsetMs: number } | null }
      lanes: readonly { name: string; isKeptOut(message: Message): boolean }[]
      messages: { all: readonly Message[] }
    } = Reflect.get(document.querySelector('fw-page') ?? {}, 'session')
    const offsetMs = clock.at(performance.timeOrigin + performance.now())?.offsetMs ?? Number.NaN
    const published = all.filter(({ event }) =>
      during.some(({ fromMs, toMs }) => {
        const atMs = event.at - offsetMs
        return atMs > fromMs && atMs < toMs
      }),
    )
    const measured = lanes.flatMap((lane, i) =>
      published.flatMap((message) =>
        message.delayMs[i] === undefined || lane.isKeptOut(message) ? [] : `${lane.name}: ${message.event.id}`,
      ),
    )
    return { messages: published.length, measured }
  }, stretches)
}

async function saidSeconds(page: Page): Promise<number> {
  const said = await page
    .getByRole('status')
    .getByText(/^This computer was busy/)
    .textContent()
  return Number(/about ([\d.]+) s/.exec(said ?? '')?.[1])
}

/** The longest delay in the figures, in ms. */
function slowest(page: Page, transport: string): Promise<number> {
  return page.evaluate((name) => {
    const page = document.querySelector('fw-page')
    const lanes: readonly { transport: string; latencies: { sorted(): Float64Array } }[] = Reflect.get(
      page ?? {},
      'session',
    ).lanes
    return (
      lanes
        .find(({ transport }) => transport === name)
        ?.latencies.sorted()
        .at(-1) ?? 0
    )
  }, transport)
}

/** Ids of all processes of a browser. */
async function processes(of: Browser): Promise<readonly number[]> {
  const session = await of.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  return processInfo.map(({ id }) => id)
}
