/** The page's own figures against a packet capture of the same run. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright'
import type { TransportName } from '../../server/protocol.ts'
import { transports } from '../../web/transports/index.ts'
import { serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import { capture } from '../server/wire/capture.ts'
import type { Stream } from '../server/wire/capture.ts'
import { until } from '../until.ts'
import { launch } from './chromium.ts'

const NAMES = Object.keys(transports) as TransportName[]

let browser: Browser
beforeAll(async () => void (browser = await launch()))
afterAll(() => browser.close())

test('what the page says that each lane has used is what tshark saw, after aborts, cuts and a message by each way', async ({
  skip,
}) => {
  await using server = await serve()
  const captured = await capture(server.port)
  if (typeof captured === 'string') return skip(captured)
  using _ = captured
  const page = await browser.newPage()
  await page.goto(`${server.origin}/?poll=1&rate=20`)
  await laneCounts(page, 10)

  // Leaves a poll that is held, a stream and a conversation.
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

  // What was captured is told in order: with this request all before it has been told.
  await page.evaluate(() => fetch('/health?last'))
  await until('tshark has told all', () => captured.streams.some(({ targets }) => targets.includes('/health?last')))
  const seen = () => bytesByLane(captured.streams)
  const areEqual = async () => JSON.stringify(await figures(page)) === JSON.stringify(seen())
  await until('the page has the last figures', areEqual).catch(() => {})
  expect(await figures(page)).toEqual(seen())
  for (const { bytesDown } of Object.values(seen())) expect(bytesDown).toBeGreaterThan(2000)
  await page.close()
}, 60_000)

type Figures = Record<string, { bytesUp: number | null; bytesDown: number | null }>

function figures(page: Page): Promise<Figures> {
  return page.evaluate(() =>
    Object.fromEntries(
      window.fourwire.snapshot().lanes.map(({ transport, bytesUp, bytesDown }) => [transport, { bytesUp, bytesDown }]),
    ),
  )
}

function bytesByLane(streams: readonly Stream[]): Figures {
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
 * A request that is on its way when its connection is reset, by whomever, was on the wire and is thrown
 * away by the kernel: the server never has it. So the polls are at rest before anything is broken.
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
