/**
 * Checks the documents as pages: they can be reached from the sandbox, they fit every screen, and axe finds no
 * violation.
 */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContextOptions } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { DESK, PHONE, open } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('links lead from the sandbox to a document, to its section, and to another document', async () => {
  await using server = await serve()
  await using opened = await open(browser, server)
  const { page, trouble } = opened
  await page.getByRole('link', { name: 'Docs' }).click()
  await page.getByRole('listitem').getByRole('link', { name: 'Server' }).click()
  await page.getByRole('listitem').getByRole('link', { name: 'Limits', exact: true }).click()
  expect(new URL(page.url()).hash).toBe('#limits')
  const heading = page.getByRole('heading', { name: 'Limits', exact: true })
  await expect.poll(() => heading.evaluate((one) => Math.abs(one.getBoundingClientRect().top))).toBeLessThan(60)
  await page.getByRole('link', { name: 'the guide for contributors' }).click()
  await page.getByRole('heading', { level: 1, name: 'Contributing' }).waitFor()
  expect(trouble).toEqual([])
})

test('the drawer and the list of lessons link to the documents', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?open=help')
  const { page } = opened
  await page.getByRole('link', { name: 'How to read the sandbox' }).click()
  await page.getByRole('heading', { name: 'How to read the sandbox' }).waitFor()
  await page.goto(`${server.origin}/lessons`)
  await page.getByRole('link', { name: 'all documents' }).click()
  await page.getByRole('heading', { level: 1, name: 'The documents' }).waitFor()
})

test.for<[string, BrowserContextOptions]>([
  ['/docs', { viewport: DESK, colorScheme: 'light' }],
  ['/docs/readme', { viewport: DESK, colorScheme: 'light' }],
  ['/docs/server', { viewport: DESK, colorScheme: 'dark' }],
  ['/docs/web', { viewport: PHONE, hasTouch: true, colorScheme: 'light' }],
  ['/docs/test', { viewport: PHONE, hasTouch: true, colorScheme: 'dark' }],
])('axe finds no violation at %s, and nothing is wider than the page', async ([path, options]) => {
  await using server = await serve()
  await using opened = await open(browser, server, path, options)
  const { page, trouble } = opened
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(options.viewport?.width)
  expect(trouble).toEqual([])
})
