/** Checks a silent room, single messages, and the chat that shows them. */
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { PHONE, lanesAreOn, open } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('at rate 0 the page states the silence, and Publish one and the key P each send one message over all lanes', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?poll=0.1')
  const { page, trouble } = opened
  await lanesAreOn(page)
  await page.getByRole('radio', { name: '0 a second', exact: true }).check()
  await page.getByRole('status').getByText('The metronome is silent').waitFor()
  await page.locator('.verdict').getByText('Nothing is published (0 messages/s)').waitFor()
  await page.locator('fw-chat').getByText('sends a single message').waitFor()
  await expect.poll(() => new URL(page.url()).searchParams.get('rate')).toBe('0')
  await page.getByRole('button', { name: 'Publish one' }).click()
  const rows = page.getByRole('row', { name: /One message/ })
  await expect.poll(() => rows.getByRole('cell', { name: /^\d/ }).count()).toBe(4)
  await page.locator('fw-ladder canvas').focus()
  await page.keyboard.press('p')
  await expect.poll(() => rows.getByRole('cell', { name: /^\d/ }).count()).toBe(8)
  expect(trouble).toEqual([])
})

test('a page without the instructor’s rights can publish one message, but cannot choose the rate', async () => {
  await using server = await serve({ isShared: true })
  await using opened = await open(browser, server, '/?poll=0.1')
  const { page } = opened
  await lanesAreOn(page)
  expect(await page.getByRole('radio', { name: '0 a second', exact: true }).isDisabled()).toBe(true)
  await page.getByRole('button', { name: 'Publish one' }).click()
  await page.getByRole('row', { name: /One message/ }).waitFor()
})

test.each([{ width: 1280, height: 720 }, PHONE])(
  'the chat shows long texts completely, and the title has a long name: $width px',
  async (viewport) => {
    await using server = await serve()
    await using opened = await open(browser, server, '/?rate=0', { viewport })
    const { page } = opened
    await lanesAreOn(page)
    const name = 'A fairly long name of a person'
    const text = `Which lane brings this sentence first, and why? ${'It is long. '.repeat(12)}`.trim()
    await page.getByLabel('Your name').fill(name)
    await page.getByLabel('Your message').fill(text)
    await page.keyboard.press('Enter')
    const cell = page.locator('fw-chat td').first()
    await cell.getByText(text).waitFor()
    expect(await cell.evaluate((one) => one.scrollWidth - one.clientWidth)).toBe(0)
    expect(await cell.locator('b').getAttribute('title')).toBe(name)
    // The newest message is in sight, and the beginning of a long one can be scrolled to.
    const list = page.locator('fw-chat tbody')
    await expect.poll(() => list.evaluate((one) => one.scrollHeight - one.clientHeight - one.scrollTop)).toBeLessThan(2)
    await list.evaluate((one) => (one.scrollTop = 0))
    expect(await list.evaluate((one) => one.scrollTop)).toBe(0)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width)
  },
)
