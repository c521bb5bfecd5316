/** Checks the list under the `+` by keyboard alone. */
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { lanesAreOn, lanesHave, open } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('with the keyboard, the menu of the + button adds a lane to the page and its address, and removes it again', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?rate=5')
  const { page, trouble } = opened
  await lanesAreOn(page)
  const plus = page.locator('summary[aria-label="Add or remove lanes"]')
  const lane = page.getByRole('region', { name: 'Streaming fetch' })
  const query = () => new URL(page.url()).search
  await plus.focus()
  await page.keyboard.press('Enter')
  const box = page.getByRole('checkbox', { name: 'Streaming fetch' })
  const isFocused = () => box.evaluate((input) => input === document.activeElement)
  for (let i = 0; i < 6 && !(await isFocused()); i++) await page.keyboard.press('Tab')
  expect(await isFocused()).toBe(true)

  await page.keyboard.press('Space')
  await lane.getByRole('heading').waitFor()
  await expect.poll(query).toBe('?lanes=short-poll,long-poll,sse,ws,stream&rate=5')
  await lanesHave(page, 1)

  expect(await isFocused()).toBe(true)
  await page.keyboard.press('Space')
  await lane.waitFor({ state: 'detached' })
  await expect.poll(query).toBe('?rate=5')
  await page.keyboard.press('Escape')
  expect(await box.isVisible()).toBe(false)
  expect(await plus.evaluate((summary) => summary === document.activeElement)).toBe(true)
  expect(trouble).toEqual([])
})
