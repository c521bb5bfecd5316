/** Compares the page's figures with a packet capture of the same run. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright'
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Lanes } from '../../server/protocol/wire.ts'
import { transports } from '../../web/transports/index.ts'
import { serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import { capture } from '../server/wire/capture.ts'
import type { CapturedStream } from '../server/wire/capture.ts'
import { until } from '../until.ts'
import { launch } from './chromium.ts'

const NAMES = Object.keys(transports) as TransportName[]

let browser: Browser
beforeAll(async () => void (browser = await launch()))
afterAll(() => browser.close())

test('for each lane, the page and tshark count the same bytes, even after aborts, cuts and sent messages', async ({
  skip,
}) => {
  await using server = await serve()
  const captured = await capture(server.port)
  if (typeof captured === 'string') return skip(captured)
  using _ = captured
  const page = await browser.newPage()
  await page.goto(`${server.origin}/?poll=1&rate=20&lanes=${NAMES.join()}`)
  await laneCounts(page, 10)

  // Switching off leaves a held poll, a stream and a WebSocket.
  await comeToRest(server, page)
  for (const name of NAMES) await laneSwitch(page, name).uncheck()
  for (const name of NAMES) await laneSwitch(page, name).check()
  await server.set({ ratePerSecond: 20 })
  await laneCounts(page, 25)
  await comeToRest(server, page)
  await page.getByRole('button', { name: 'Cut now' }).click()
  await server.set({ ratePerSecond: 20 })
  await laneCounts(page, 40)
  for (const way of ['WebSocket', 'POST']) {
    await page.getByLabel('Send by').selectOption(way)
    await page.getByLabel('Your message').fill(`by ${way}`)
    await page.keyboard.press('Enter')
    await page.locator('fw-chat').getByText(`by ${way}`).waitFor()
  }
  await comeToRest(server, page)
  for (const name of NAMES) await laneSwitch(page, name).uncheck()

  // tshark reports in order, so this request marks the end of the capture.
  await page.evaluate(() => fetch('/health?last'))
  await until('tshark has reported the last request', () =>
    captured.streams.some(({ targets }) => targets.includes('/health?last')),
  )
  const seen = () => bytesByLane(captured.streams)
  const areEqual = async () => JSON.stringify(await figures(page)) === JSON.stringify(seen())
  await until('the bytes of the page equal those of tshark', areEqual).catch(() => {})
  expect(await figures(page)).toEqual(seen())
  for (const { bytesDown } of Object.values(seen())) expect(bytesDown).toBeGreaterThan(2000)
  await page.close()
}, 60_000)

test('with latency and jitter, the page, the server and tshark count the same bytes, even after the server was replaced', async ({
  skip,
}) => {
  const conditions = { latencyMs: 40, jitterMs: 40 }
  let server = await serve({ conditions })
  const { port } = server
  const captured = await capture(port)
  if (typeof captured === 'string') return skip(captured)
  using _ = captured
  const page = await browser.newPage()
  await page.goto(`${server.origin}/?poll=0.5&rate=10&lanes=${NAMES.join()}`)
  /** Figures of the server that was closed. */
  const before: Figures[] = []
  const seen = () => bytesByLane(captured.streams)
  const counted = async () => sumOf([...before, await laneFigures(server)])
  const areEqual = async () => {
    const [first, ...others] = [await figures(page), seen(), await counted()].map((one) => JSON.stringify(one))
    return others.every((other) => other === first)
  }
  for (const received of [10, 20, 30]) {
    await laneCounts(page, received)
    await comeToRest(server, page)
    for (const name of NAMES) await laneSwitch(page, name).uncheck()
    await until('the page, the server and tshark report the same bytes', areEqual).catch(() => {})
    expect(await figures(page)).toEqual(seen())
    expect(await figures(page)).toEqual(await counted())
    if (received === 20) {
      before.push(await laneFigures(server))
      await server.close()
      server = await serve({ port, conditions })
    }
    if (received === 30) break
    for (const name of NAMES) await laneSwitch(page, name).check()
    await server.set({ ratePerSecond: 10 })
  }
  await page.close()
  await server.close()
}, 60_000)

async function laneFigures({ app }: Served): Promise<Figures> {
  const { body } = await app.inject({ url: '/lab/lanes', headers: { host: 'localhost' } })
  const { lanes }: Lanes = JSON.parse(body)
  return Object.fromEntries(
    NAMES.map((name) => {
      const { bytesUp = 0, bytesDown = 0 } = lanes.find(({ lane }) => lane.endsWith(`.${name}`)) ?? {}
      return [name, { bytesUp, bytesDown }]
    }),
  )
}

const sumOf = (all: readonly Figures[]): Figures =>
  Object.fromEntries(
    NAMES.map((name) => {
      const sum = (way: 'bytesUp' | 'bytesDown') => all.reduce((sum, one) => sum + (one[name]?.[way] ?? 0), 0)
      return [name, { bytesUp: sum('bytesUp'), bytesDown: sum('bytesDown') }]
    }),
  )

type Figures = Record<string, { bytesUp: number | null; bytesDown: number | null }>

function figures(page: Page): Promise<Figures> {
  return page.evaluate(() =>
    Object.fromEntries(
      window.fourwire.snapshot().lanes.map(({ transport, bytesUp, bytesDown }) => [transport, { bytesUp, bytesDown }]),
    ),
  )
}

function bytesByLane(streams: readonly CapturedStream[]): Figures {
  const lanes: Record<string, { bytesUp: number; bytesDown: number }> = {}
  for (const name of NAMES) lanes[name] = { bytesUp: 0, bytesDown: 0 }
  for (const { target, up, down } of streams.flatMap(({ exchanges }) => exchanges)) {
    const lane = lanes[/lane=[a-f0-9]+\.([\w-]+)/.exec(target)?.[1] ?? '']
    if (!lane) continue
    lane.bytesUp += up
    lane.bytesDown += down
  }
  return lanes
}

/**
 * Waits until no request is under way. If a connection is reset, its last request was on the wire, but the kernel
 * drops it before the server reads it. So the polls must be at rest before a cut.
 */
async function comeToRest(server: Served, page: Page): Promise<void> {
  await server.set({ ratePerSecond: 0 })
  await page.waitForFunction(() => {
    const { lanes } = window.fourwire.snapshot()
    const poll = document
      .querySelector('fw-page')
      ?.session.lanes.find(({ transport }) => transport === 'long-poll')
      ?.marks.exchanges.at(-1)
    const isHeld = poll?.endedAtMs === null && poll.reachedAtMs !== undefined
    return isHeld && lanes.every(({ cursor, state }) => cursor === lanes[0]?.cursor && /held|open|pausing/.test(state))
  })
}

const laneSwitch = (page: Page, name: TransportName) => page.locator(`section[data-lane=${name}] input[role=switch]`)

async function laneCounts(page: Page, least: number): Promise<void> {
  await page.waitForFunction((count) => {
    const lanes = window.fourwire?.snapshot().lanes ?? []
    return lanes.length > 0 && lanes.every(({ on, received }) => on && received >= count)
  }, least)
}
