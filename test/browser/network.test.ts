import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContextOptions, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Conditions } from '../../server/protocol/lab.ts'
import { NEUTRAL } from '../../server/wire/bend/ranges.ts'
import type { Snapshot } from '../../web/session/snapshot.ts'
import { serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import { launch } from './chromium.ts'

const DESK = { width: 1280, height: 720 }
const PHONE = { width: 390, height: 844 }

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('the page loads the network panel when it is opened, and gets the focus back when the panel is closed', async () => {
  await using server = await serve()
  await using opened = await open(server, '/')
  const { page, paths } = opened
  await conditionsAre(page, NEUTRAL)
  expect(paths.filter((path) => path.endsWith('/later.js'))).toEqual([])
  await page.getByRole('button', { name: 'More about the network' }).click()
  await page.getByRole('complementary', { name: 'Network' }).getByRole('slider', { name: 'latency' }).waitFor()
  expect(paths.filter((path) => path.endsWith('/later.js'))).toHaveLength(1)
  await page.keyboard.press('Escape')
  await page.getByRole('complementary', { name: 'Network' }).waitFor({ state: 'detached' })
  expect(await page.evaluate(() => document.activeElement?.textContent.trim())).toBe('More')
})

test('a person can set a condition with a slider and the keyboard, and the page announces the result', async () => {
  await using server = await serve()
  await using opened = await open(server)
  const { page } = opened
  const slider = page.getByRole('slider', { name: 'latency' })
  await slider.focus()
  for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight')
  await page
    .getByRole('status')
    .getByText(/^5 ms each way\. All lanes have reconnected/)
    .waitFor()
  await conditionsAre(page, { latencyMs: 5 })
  expect(await slider.getAttribute('aria-valuetext')).toBe('5 ms')
  expect(await page.getByRole('spinbutton', { name: 'latency, ms' }).inputValue()).toBe('5')
  expect(await page.locator('.now').textContent()).toBe('Now: 5 ms each way')
  await page.keyboard.press('Home')
  await page.getByRole('status').getByText('The network has no conditions any more.').waitFor()
})

test('a slider sends its value only after it has stopped moving', async () => {
  await using server = await serve()
  await using opened = await open(server)
  const { page } = opened
  const sent: string[] = []
  await page.exposeFunction('sent', (text: string) => sent.push(text))
  await page.evaluate(() => {
    const { send } = WebSocket.prototype
    WebSocket.prototype.send = function (data) {
      if (String(data).includes('conditions')) Reflect.get(window, 'sent')(String(data))
      send.call(this, data)
    }
  })
  const slider = page.getByRole('slider', { name: 'jitter' })
  await slider.evaluate((range: HTMLInputElement) => {
    for (let position = 1; position <= 30; position++) {
      range.value = String(position)
      range.dispatchEvent(new Event('input'))
    }
  })
  const value = await page.getByRole('spinbutton', { name: 'jitter, ms' }).inputValue()
  await conditionsAre(page, { jitterMs: Number(value) })
  expect(sent).toHaveLength(1)
})

test('a number field sets its condition exactly, within its range', async () => {
  await using server = await serve()
  await using opened = await open(server)
  const { page } = opened
  const field = page.getByRole('spinbutton', { name: 'bandwidth, kB/s' })
  await field.fill('12.5')
  await field.press('Enter')
  await conditionsAre(page, { bandwidthBytesPerSecond: 12_500 })
  await field.fill('0.001')
  await field.press('Tab')
  await conditionsAre(page, { bandwidthBytesPerSecond: 1000 })
  expect(await field.inputValue()).toBe('1')
  await field.fill('')
  await field.press('Tab')
  expect(await field.inputValue()).toBe('1')
})

test('one button restores the previous network, and another button removes all conditions', async () => {
  await using server = await serve()
  await using opened = await open(server)
  const { page } = opened
  const back = page.getByRole('button', { name: 'Undo the last change' })
  const alone = page.getByRole('button', { name: 'Remove all conditions' })
  expect([await back.isDisabled(), await alone.isDisabled()]).toEqual([true, true])
  await page.getByRole('radio', { name: /^DSL/ }).check()
  await conditionsAre(page, { latencyMs: 12 })
  await back.click()
  await conditionsAre(page, NEUTRAL)
  await page.getByRole('switch', { name: 'firewall' }).check()
  await conditionsAre(page, { ...NEUTRAL, firewall: true })
  await page.getByRole('radio', { name: /^DSL/, checked: true }).waitFor({ state: 'detached' })
  await alone.click()
  await conditionsAre(page, NEUTRAL)
  await page.getByRole('radio', { name: /^LAN/, checked: true }).waitFor()
})

test.for([
  ['Cut: FIN', 'All connections were ended politely, as by a server that stops.'],
  ['Cut: RST', 'All connections were cut.'],
  ['Cut: black hole', 'All connections lose every byte now, and neither side notices it.'],
  ['Restart server', 'The server restarts'],
] as const)('the status line announces %s', async ([button, sentence]) => {
  await using server = await serve()
  await using opened = await open(server)
  const { page } = opened
  await page.waitForFunction(() => window.fourwire.snapshot().lanes.every(({ on }) => on))
  await page.getByRole('complementary').getByRole('button', { name: button }).click()
  await page.getByRole('status').getByText(sentence).waitFor()
})

test('for a student, the network panel is disabled and explains that only the instructor sets it', async () => {
  await using server = await serve({ isShared: true })
  await using opened = await open(server)
  const { page } = opened
  const panel = page.getByRole('complementary', { name: 'Network' })
  await panel.getByText(/^Only the instructor sets/).waitFor()
  const controls = await panel.locator('input, .acts button').all()
  expect(controls.length).toBeGreaterThan(20)
  for (const control of controls) expect(await control.isDisabled()).toBe(true)
})

test.for([
  ['light', { viewport: DESK, colorScheme: 'light' }],
  ['dark', { viewport: DESK, colorScheme: 'dark' }],
  ['phone', { viewport: PHONE, hasTouch: true, colorScheme: 'light' }],
] as const)('axe finds no violation in the network panel: %s', async ([, options]) => {
  await using server = await serve({ conditions: { latencyMs: 2 } })
  await using opened = await open(server, '/?open=network', options)
  const { violations } = await new AxeBuilder({ page: opened.page }).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
})

interface Opened extends AsyncDisposable {
  readonly page: Page
  /** Paths of all requests. */
  readonly paths: string[]
}

async function open({ origin }: Served, path = '/?open=network', options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: DESK, ...options })
  const page = await context.newPage()
  const paths: string[] = []
  page.on('request', (request) => paths.push(new URL(request.url()).pathname))
  await page.goto(origin + path)
  if (path.includes('network')) await page.locator('.network-panel').waitFor()
  return { page, paths, [Symbol.asyncDispose]: () => context.close() }
}

/** Waits until the page has these conditions from the server. */
async function conditionsAre(page: Page, conditions: Partial<Conditions>): Promise<void> {
  const told = (): Promise<Snapshot['conditions']> =>
    page.evaluate(() => window.fourwire?.snapshot().conditions ?? null)
  await expect.poll(told).toMatchObject(conditions)
}
