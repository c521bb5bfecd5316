import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Locator, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { transports } from '../../web/transports/index.ts'
import { FINDINGS, fakeProgram } from '../server/comparison/programs.ts'
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
    await page.locator('.answer').waitFor({ timeout: LEARNT_MS })
    await page.getByRole('button', { name: 'Measure', exact: true }).click()
    await page.locator('.ran progress').waitFor()
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
    await page.locator('.answer').waitFor({ timeout: LEARNT_MS })
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
  'a value in the address that the page cannot use is named until the person changes a value',
  async () => {
    await using server = await serve()
    const page = await open(`${server.origin}/choose?rate=5000`)
    const trouble = page.getByText('rate “5000” (give a number from 0.00001 to 1,000; the page uses 1)')
    await trouble.waitFor()
    expect(await page.getByLabel('Messages to each client, a second').inputValue()).toBe('1')
    await page.getByLabel('Network path').selectOption('both')
    await trouble.waitFor({ state: 'detached' })
    expect(page.url()).toBe(`${server.origin}/choose?path=both`)
  },
  TEST_MS,
)

test(
  'before a measurement of rare messages, the page says how long they would take and what it measures instead',
  async () => {
    await using server = await serve()
    const page = await open(`${server.origin}/choose?rate=0.01&age=60`)
    await page.getByText(/^At 36 messages an hour, 20 messages take about 33 min, /).waitFor({ timeout: LEARNT_MS })
    await page.getByText(/^Short polls pause for 2 s instead of 63 s/).waitFor()
    await page.getByRole('button', { name: 'Measure at 1 message a second' }).waitFor()
  },
  TEST_MS,
)

test(
  'each example is a link that changes the form and the answer, without loading the page again',
  async () => {
    await using server = await serve()
    const page = await open(`${server.origin}/choose`)
    await page.locator('.answer').waitFor({ timeout: LEARNT_MS })
    for (const [name, answer, path] of [
      ['A dashboard for 5,000 readers', 'SSE.', '?bytes=200&clients=5000'],
      ['A chat for 200 people', 'SSE with POST to write.', '?clients=200&age=1&speaks=yes'],
      ['Hourly notifications to phones', 'Web Push; while the page is open, Short polling.', null],
      ['A board behind proxies', 'Long polling with POST to write.', null],
    ] as const) {
      const link = page.getByRole('link', { name })
      await link.click()
      await page.getByText(answer, { exact: true }).waitFor()
      expect(await link.getAttribute('aria-current')).toBe('true')
      if (path !== null) expect(page.url()).toBe(`${server.origin}/choose${path}`)
    }
    expect(await page.locator('tr[data-lane="ws"]').first().getAttribute('class')).toBe('out')
    expect(await page.evaluate(() => performance.getEntriesByType('navigation').length)).toBe(1)
    await page.getByRole('link', { name: 'Hourly notifications' }).click()
    const rate = page.getByLabel('Messages to each client, an hour')
    expect(await rate.inputValue()).toBe('1')
    await page.getByLabel('Unit of the rate').selectOption('a day')
    expect(await page.getByLabel('Messages to each client, a day').inputValue()).toBe('1')
    await page.getByRole('button', { name: 'Measure at 1 message a second' }).waitFor()
  },
  TEST_MS,
)

test(
  'if clients write, the page measures what a message costs by POST and over a WebSocket',
  async () => {
    await using server = await serve()
    const page = await open(`${server.origin}/choose?rate=8&age=0.5&latency=0&speaks=yes`)
    await page.getByText(/The clients write 8 messages a second in all/).waitFor({ timeout: LEARNT_MS })
    await page.getByRole('button', { name: 'Measure', exact: true }).click()
    const rows = page.locator('table.publishing tbody tr')
    await rows.first().waitFor({ timeout: RUN_MS })
    const [post, socket] = await rows.evaluateAll((all) =>
      all.map((row) => Array.from(row.querySelectorAll('td'), (cell) => Number(cell.textContent))),
    )
    const [postBytes = 0, postMs, posts] = post ?? []
    const [socketBytes = 0, socketMs, frames] = socket ?? []
    expect(postBytes).toBeGreaterThan(2 * socketBytes)
    for (const delay of [postMs, socketMs]) expect(delay).toBeGreaterThan(0)
    for (const count of [posts, frames]) expect(count).toBeGreaterThanOrEqual(20)
  },
  TEST_MS + RUN_MS,
)

test(
  'a person can cancel a measurement, and the page then shows no result',
  async () => {
    await using server = await serve()
    const page = await open(`${server.origin}/choose`)
    await page.locator('.answer').waitFor({ timeout: LEARNT_MS })
    await page.getByRole('button', { name: 'Measure', exact: true }).click()
    await page.locator('.ran').getByRole('button', { name: 'Cancel' }).click()
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
    await page.locator('.answer').waitFor({ timeout: LEARNT_MS })
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
    await page.locator('.answer').waitFor({ timeout: LEARNT_MS })
    await server.close()
  },
  TEST_MS,
)

test(
  'the switch for HTTP/2 shows its prediction beside that for HTTP/1.1, and says that it is not measured',
  async () => {
    await using server = await serve()
    const page = await open(`${server.origin}/choose?clients=2000`)
    await page.locator('.answer').waitFor({ timeout: LEARNT_MS })
    const predicted = page.getByRole('region', { name: 'Predicted values' })
    const before = Number(await predicted.locator('tr[data-lane="short-poll"] td').first().innerText())
    await page.getByRole('combobox', { name: /^HTTP/ }).selectOption('2')
    await page.getByText(/HTTP\/2 is not measured here/).waitFor()
    const [over2 = 0, over1 = 0] = await predicted
      .locator('tr[data-lane="short-poll"] td')
      .evaluateAll((cells) => cells.map(({ textContent }) => Number(textContent)))
    expect(over1 / before).toBeCloseTo(1, 1)
    expect(over2).toBeLessThan(over1 / 2)
    expect(page.url()).toBe(`${server.origin}/choose?clients=2000&http=2`)
  },
  TEST_MS,
)

test(
  'the page shows how often each transport wakes the radio of a phone, its connections, and the work of a team',
  async () => {
    await using server = await serve()
    const page = await open(`${server.origin}/choose?rate=0.0003&age=60&clients=2000`)
    await page.locator('.answer').waitFor({ timeout: LEARNT_MS })
    const beside = page.getByRole('region', { name: 'Costs besides bytes', exact: true })
    const cells = (lane: string) => beside.locator(`tr[data-lane="${lane}"] td`).allInnerTexts()
    expect(await cells('sse')).toEqual(['67 %', '240', '4.5 %', '2 k', '19 MB'])
    expect((await cells('short-poll')).slice(0, 2)).toEqual(['16 %', '57'])
    await page.getByText('A process can usually open 1,024 files').waitFor()
    await page.getByRole('region', { name: 'Work of a team' }).getByText('built into EventSource').waitFor()
  },
  TEST_MS,
)

test(
  'axe finds no violation on the decision page, in both themes and on both screens',
  async () => {
    await using server = await serve()
    const page = await open(`${server.origin}/choose`)
    await page.locator('.answer').waitFor({ timeout: LEARNT_MS })
    for (const viewport of [DESK, PHONE])
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize(viewport)
        await page.emulateMedia({ colorScheme })
        const { violations } = await new AxeBuilder({ page }).analyze()
        expect(violations.map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes[0]?.html}`)).toEqual([])
        // The longest button is that of the notifications, which are too rare to measure.
        for (const name of ['A chat for 200 people', 'Hourly notifications to phones']) {
          await page.getByRole('link', { name }).click()
          const [scroll, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
          expect(scroll, name).toBe(width)
        }
      }
  },
  TEST_MS,
)

describe('the measurement on the server’s machine', () => {
  test(
    'shows its progress to everybody, and after its cancellation the focus is on the button that starts it',
    async () => {
      await using server = await serve({ compareProgram: (await fakeProgram('endless')).file })
      const page = await open(`${server.origin}/choose`)
      const start = await startButton(page)
      await start.press('Enter')
      const cancel = page.getByRole('button', { name: 'Cancel the measurement' })
      await page.getByText(/0 of 15 done, about \d+ min left/).waitFor()
      expect(await cancel.evaluate((button) => button === document.activeElement)).toBe(true)
      const other = await open(`${server.origin}/choose`)
      for (const each of [other, await reloaded(page)])
        await each
          .getByText(/^A measurement is running, started at .*: repetition 1 of 3\. Its report will be here\.$/)
          .waitFor()
      await cancel.press('Enter')
      await page.getByText(/has no result\. The instructor has cancelled the measurement\.$/).waitFor()
      expect(await start.evaluate((button) => button === document.activeElement)).toBe(true)
    },
    TEST_MS,
  )

  test(
    'shows its report and whether the model agrees, also after a reload',
    async () => {
      await using server = await serve({ compareProgram: (await fakeProgram('measured')).file })
      const page = await open(`${server.origin}/choose?clients=3&rate=20&age=0.3`)
      await page.locator('.answer').waitFor({ timeout: LEARNT_MS })
      await (await startButton(page)).click()
      await page.getByText('The measurement has ended.').waitFor()
      await page.getByText('3 clients, 20 messages a second of 60 bytes').waitFor()
      await page.getByText(/^They (?:do not )?agree: the model recommends /).waitFor()
      for (const each of [page, await reloaded(page)]) {
        await each.getByText(FINDINGS.verdict, { exact: true }).waitFor()
        const report = each.frameLocator('iframe[title="Report of the measurement"]')
        expect(await report.locator('p').evaluate((text) => getComputedStyle(text).fontWeight)).toBe('600')
      }
      const { violations } = await new AxeBuilder({ page }).exclude('iframe').analyze()
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
    },
    TEST_MS,
  )

  test(
    'names the reason if it fails, and the server’s reason if it refuses the workload',
    async () => {
      await using server = await serve({ compareProgram: (await fakeProgram('killed')).file })
      const page = await open(`${server.origin}/choose`)
      const start = await startButton(page)
      await start.click()
      await page.getByText(/has no result\. The comparing program was ended by the signal SIGKILL\./).waitFor()
      await page.route('**/comparison', (route) =>
        route.request().method() === 'POST' ? route.continue({ postData: '{"clients":0}' }) : route.continue(),
      )
      await start.click()
      await page.getByText('clients is 0. Give clients as a whole number from 1 to 1000').waitFor()
    },
    TEST_MS,
  )

  test(
    'has no button for people who are not the instructor, and for a server without the program',
    async () => {
      await using shared = await serve({ isShared: true })
      const guest = await open(`${shared.origin}/choose`)
      await guest.getByText('Only the instructor can start this measurement.').waitFor()
      await using without = await serve({ compareProgram: '/nothing/here.ts' })
      const page = await open(`${without.origin}/choose`)
      await page.getByText('The program that compares is not installed with this server.').waitFor()
      for (const each of [guest, page])
        expect(await each.getByRole('button', { name: 'Measure this workload here' }).count()).toBe(0)
    },
    TEST_MS,
  )
})

/** Resolves when the page knows enough to start the measurement. */
async function startButton(page: Page): Promise<Locator> {
  const start = page.getByRole('button', { name: 'Measure this workload here' })
  await until('the button can be used', () => start.isEnabled(), LEARNT_MS)
  return start
}

async function reloaded(page: Page): Promise<Page> {
  await page.reload()
  return page
}

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
