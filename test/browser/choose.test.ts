import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { transports } from '../../web/transports/index.ts'
import { serve } from '../serve.ts'
import { until } from '../until.ts'
import { launch } from './chromium.ts'

const DESK = { width: 1280, height: 720 }
const PHONE = { width: 390, height: 844 }

const LEARNT_MS = 60_000
const RUN_MS = 60_000
/** Time limit of a test. Each loads the page and measures the sizes, which takes three seconds on an idle machine. */
const TEST_MS = 100_000

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test(
  'without the lab, the decision page says that the lab is missing, and shows no figure',
  async () => {
    await using server = await serve()
    const context = await browser.newContext({ viewport: DESK })
    const page = await context.newPage()
    await page.routeWebSocket(/\/lab\?/, (socket) => void socket.close())
    await page.route(/\/lab\/(?:sse|clock|say)/, (route) => route.abort())
    await page.goto(`${server.origin}/choose`)
    await page.getByText(/its WebSocket is not open/).waitFor({ timeout: LEARNT_MS })
    expect(await page.locator('table').count()).toBe(0)
    await context.close()
  },
  TEST_MS,
)

/** Reads a figure of the page: 980, or 11 k. */
const numberOf = (text: string) => Number(text.replace(' k', 'e3'))

const streams = Object.values(transports).flatMap(({ name, kind }) => (kind === 'poll' ? [] : [name as string]))

test.each([
  ['a busy room', '?rate=8&age=1&latency=0&bytes=200'],
  ['a slow network', '?rate=5&age=2&latency=150'],
  ['short messages with frequent polls', '?rate=4&age=0.3&latency=0&bytes=5'],
])(
  'the measurement of %s agrees with the model within a tenth, or explains the difference',
  async (_, search) => {
    await using server = await serve()
    const page = await open(`${server.origin}/choose${search}`)
    await page.locator('.reasons').first().waitFor({ timeout: LEARNT_MS })
    await page.getByLabel('Serve this workload for').selectOption('10')
    await page.getByRole('button', { name: 'Measure' }).click()
    await page.getByRole('progressbar').waitFor()
    await page.locator('table.measured').waitFor({ timeout: RUN_MS })
    const rows = await page.locator('table.measured tbody tr').evaluateAll((all) =>
      all.map((row) => ({
        lane: row.getAttribute('data-lane') ?? '',
        name: row.querySelector('th')?.textContent?.trim() ?? '',
        cells: Array.from(row.querySelectorAll('td'), (cell) => cell.textContent?.trim() ?? ''),
      })),
    )
    expect(rows.map(({ lane }) => lane)).toEqual(Object.keys(transports))
    const whys = await page.locator('.whys').allInnerTexts()
    for (const { lane, name, cells } of rows) {
      const [measured = '', model = '', , p50 = '', p50Model = ''] = cells
      const isNear = (one: string, other: string) => Math.abs(numberOf(one) / numberOf(other) - 1) < 0.11
      expect(numberOf(measured), `${lane}: ${cells}`).toBeGreaterThan(0)
      // A stream waits for no request, so a busy machine makes it late but not more expensive.
      if (streams.includes(lane)) expect(isNear(measured, model), `${lane}: ${cells}`).toBe(true)
      if (!isNear(measured, model)) expect(whys.join('\n')).toContain(`${name}, bytes: `)
      if (!isNear(p50, p50Model)) expect(whys.join('\n')).toContain(`${name}, delay: `)
    }
    // The network is restored.
    const { conditions } = await settingsOf(server.origin)
    expect(conditions.latencyMs).toBe(0)
  },
  TEST_MS + RUN_MS,
)

test(
  'a changed value updates the address and the prediction at once, and an invalid value is reported',
  async () => {
    await using server = await serve()
    const page = await open(`${server.origin}/choose?rate=2`)
    await page.locator('.reasons').waitFor({ timeout: LEARNT_MS })
    const inAll = page.locator('tr[data-lane="ws"] td').nth(1)
    const before = await inAll.innerText()
    await page.getByLabel('Clients, at once').fill('5000')
    await page.getByLabel('Clients, at once').press('Tab')
    await until('the prediction has changed', async () => (await inAll.innerText()) !== before)
    expect(page.url()).toBe(`${server.origin}/choose?rate=2&clients=5000`)
    await page.getByLabel('Clients, at once').fill('0')
    await page.getByLabel('Clients, at once').press('Tab')
    expect(
      await page.getByLabel('Clients, at once').evaluate((field: HTMLInputElement) => field.validationMessage),
    ).toMatch(/from 1 to/)
    await page.getByLabel('Network path').selectOption('firewall')
    await page.getByText('WebSocket cannot do this task. A firewall').waitFor()
  },
  TEST_MS,
)

test(
  'a person can cancel a measurement, and the page then shows no result',
  async () => {
    await using server = await serve()
    const page = await open(`${server.origin}/choose`)
    await page.locator('.reasons').waitFor({ timeout: LEARNT_MS })
    await page.getByRole('button', { name: 'Measure' }).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('The measurement was cancelled').waitFor()
    expect(await page.locator('table.measured').count()).toBe(0)
  },
  TEST_MS,
)

test(
  'a page without the instructor’s rights says which settings it cannot change',
  async () => {
    await using server = await serve({ isShared: true })
    const page = await open(`${server.origin}/choose?latency=200`)
    await page.locator('.reasons').waitFor({ timeout: LEARNT_MS })
    await page.getByText('Only the instructor can change the network').waitFor()
  },
  TEST_MS,
)

test(
  'without a server, the decision page says what to do, and a button tries to connect again',
  async () => {
    const server = await serve()
    const page = await open(`${server.origin}/choose`, async (opened) => {
      await opened.route('**/feed/**', (route) => route.abort())
    })
    await page.getByText('The server cannot be reached').waitFor({ timeout: LEARNT_MS })
    await page.unroute('**/feed/**')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.locator('.reasons').waitFor({ timeout: LEARNT_MS })
    await server.close()
  },
  TEST_MS,
)

test(
  'axe finds no violation on the decision page, in both themes and on both screens',
  async () => {
    await using server = await serve()
    const page = await open(`${server.origin}/choose`)
    await page.locator('.reasons').waitFor({ timeout: LEARNT_MS })
    for (const viewport of [DESK, PHONE])
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize(viewport)
        await page.emulateMedia({ colorScheme })
        const { violations } = await new AxeBuilder({ page }).analyze()
        expect(violations.map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes[0]?.html}`)).toEqual([])
        const [scroll, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
        expect(scroll).toBe(width)
      }
  },
  TEST_MS,
)

async function open(address: string, before?: (page: Page) => Promise<void>): Promise<Page> {
  const context = await browser.newContext({ viewport: DESK, colorScheme: 'light' })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  await before?.(page)
  await page.goto(address)
  return page
}

async function settingsOf(origin: string): Promise<{ conditions: { latencyMs: number } }> {
  const answer = await fetch(`${origin}/lab/settings`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  return answer.json()
}
