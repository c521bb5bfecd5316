/** Checks the page that computes how many processes a workload needs. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CAPACITY_FIGURES } from '../../web/measure/capacity-figures.ts'
import { capacityOf } from '../../web/measure/capacity.ts'
import { readPlan } from '../../web/capacity/plan.ts'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { DESK, open } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

const PHONE = { width: 360, height: 640 }

async function clean(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
}

const processesOn = (page: Page): Promise<string | null> => page.locator('.results .value').first().textContent()

test.each([
  ['a desk in the light', { viewport: DESK, colorScheme: 'light' }],
  ['a phone in the dark', { viewport: PHONE, colorScheme: 'dark' }],
] as const)(
  'on %s, the page answers the workload of its address and names the measured figures',
  async (_, options) => {
    await using server = await serve()
    const search = '?clients=50000&rate=0.5&bytes=500'
    await using opened = await open(browser, server, `/capacity${search}`, options)
    const { page, trouble } = opened
    await page.getByRole('heading', { name: 'What breaks first' }).waitFor()
    const { processes } = capacityOf(readPlan(search), CAPACITY_FIGURES)
    expect(await processesOn(page)).toBe(String(processes))
    const text = await page.locator('.capacity').innerText()
    for (const measured of [CAPACITY_FIGURES.machine, CAPACITY_FIGURES.date, `Redis ${CAPACITY_FIGURES.redis}`])
      expect(text).toContain(measured)
    await clean(page)
    expect(trouble).toEqual([])
  },
)

test('by keyboard, a new value changes the answer and the address, and the link gives the same answer again', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/capacity')
  const { page } = opened
  const clients = page.getByLabel('Clients')
  await clients.focus()
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type('200000')
  await page.keyboard.press('Tab')
  expect(new URL(page.url()).search).toBe('?clients=200000')
  await page.getByLabel('Transport').selectOption('long-poll')
  const url = page.url()
  expect(new URL(url).search).toBe('?clients=200000&transport=long-poll')
  const answer = await page.locator('.answer').textContent()
  expect(answer).not.toContain('One process')
  await page.goto(url)
  expect(await page.locator('.answer').textContent()).toBe(answer)
})

test.each(['', 'many', '-1', '1e99', '2.5'])(
  'the text "%s" for the clients gives an error and no answer',
  async (text) => {
    await using server = await serve()
    await using opened = await open(browser, server, '/capacity?rate=2')
    const { page } = opened
    const clients = page.getByLabel('Clients')
    await clients.fill(text)
    await clients.press('Enter')
    const alert = page.locator('#clients-trouble')
    await alert.waitFor()
    expect(await alert.textContent()).toContain('Enter a whole number from 1 to 10,000,000.')
    expect(await clients.inputValue()).toBe(text)
    expect(await clients.getAttribute('aria-invalid')).toBe('true')
    expect(await page.locator('.results').count()).toBe(0)
    expect(new URL(page.url()).search).toBe('?rate=2')
    await clean(page)
    await clients.fill('10000000')
    await clients.press('Enter')
    await page.locator('.results').waitFor()
    expect(await alert.isVisible()).toBe(false)
  },
)

test('an address with wrong values says which values the page uses instead', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/capacity?clients=0&transport=carrier-pigeon')
  const { page } = opened
  const notice = await page.locator('.notice').textContent()
  expect(notice).toContain('clients “0” (give a whole number from 1 to 10,000,000; the page uses 1,000)')
  expect(notice).toContain('transport “carrier-pigeon”')
  expect(await page.getByLabel('Clients').inputValue()).toBe('1000')
})

test('with the largest workload, the page says what is not measured, and nothing leaves a phone', async () => {
  await using server = await serve()
  const search = '?clients=10000000&rate=1000&bytes=4000&rooms=100000&transport=long-poll'
  await using opened = await open(browser, server, `/capacity${search}`, { viewport: PHONE })
  const { page } = opened
  await page.getByRole('heading', { name: 'Beyond what was measured' }).waitFor()
  expect(await page.locator('.answer').textContent()).toBe('No number of processes is enough for this workload.')
  await clean(page)
})

test('the page that chooses a transport leads to this page', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/choose')
  const { page } = opened
  await page.getByRole('main').getByRole('link', { name: 'how many processes' }).click()
  await page.waitForURL(({ pathname }) => pathname === '/capacity')
})
