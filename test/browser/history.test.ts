/** Checks which changes of the sandbox Back undoes. */
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { lanesAreOn, open } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

const lengthOf = (page: Page): Promise<number> => page.evaluate(() => history.length)
const lanesOn = async (page: Page): Promise<number> => page.getByRole('switch', { checked: true }).count()

test('Only becomes All while a lane is alone, and Back switches the other lanes on again', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?rate=10')
  const { page } = opened
  await lanesAreOn(page)
  await page.getByRole('button', { name: 'Only SSE' }).click()
  await page.getByRole('button', { name: 'All lanes' }).waitFor()
  await expect.poll(() => new URL(page.url()).searchParams.get('off')).toBe('short-poll,long-poll,ws')
  await page.getByRole('button', { name: 'Only WebSocket' }).click()
  await expect.poll(() => lanesOn(page)).toBe(1)
  await page.getByRole('button', { name: 'All lanes' }).click()
  await expect.poll(() => lanesOn(page)).toBe(4)
  await page.goBack()
  await expect.poll(() => page.getByRole('switch', { name: 'WebSocket on' }).isChecked()).toBe(true)
  expect(await lanesOn(page)).toBe(1)
  await page.goBack()
  await page.goBack()
  await expect.poll(() => lanesOn(page)).toBe(4)
  await page.getByRole('status').getByText('The lanes are as they were before.').waitFor()
  await page.goForward()
  await expect.poll(() => page.getByRole('switch', { name: 'SSE on' }).isChecked()).toBe(true)
  expect(await lanesOn(page)).toBe(1)
  const snapshot = await page.evaluate(() => window.fourwire.snapshot())
  for (const { lost, duplicated } of snapshot.lanes) expect([lost, duplicated]).toEqual([0, 0])
})

test('Back closes the drawer and ends the large view, and rates, zoom and theme add no entry to the history', async () => {
  await using server = await serve()
  await using opened = await open(browser, server)
  const { page } = opened
  await lanesAreOn(page)
  const before = await lengthOf(page)
  await page.getByRole('radio', { name: '5 a second', exact: true }).check()
  await page.getByRole('button', { name: 'Show less time' }).click()
  await page.getByRole('combobox', { name: 'Poll interval' }).selectOption('250')
  await page.getByRole('button', { name: 'Dark' }).click()
  await expect.poll(() => new URL(page.url()).search).toBe('?poll=0.25&rate=5&zoom=2&theme=dark')
  expect(await lengthOf(page)).toBe(before)
  await page.getByRole('button', { name: 'How to read' }).click()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'How to read' }).click()
  await page.getByRole('heading', { name: 'How to read' }).waitFor()
  await page.goBack()
  await page.getByRole('heading', { name: 'How to read' }).waitFor({ state: 'detached' })
  await page.keyboard.press('l')
  await page.locator('.page.large').waitFor()
  await page.getByRole('button', { name: 'Small (L)' }).waitFor()
  await page.goBack()
  await page.locator('.page:not(.large)').waitFor()
  await page.locator('.lane-menu summary').click()
  await page.getByRole('checkbox', { name: 'Streaming fetch' }).check()
  await expect.poll(() => lanesOn(page)).toBe(5)
  await page.goBack()
  await expect.poll(() => lanesOn(page)).toBe(4)
  expect(new URL(page.url()).search).toBe('?poll=0.25&rate=5&zoom=2&theme=dark')
})
