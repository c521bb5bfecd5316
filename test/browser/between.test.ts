/** Checks the page that tells what is between a browser and a server. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROWS } from '../../web/between/advice.ts'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { DESK, open } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

const PHONE = { width: 360, height: 640 }

const seen = (page: Page): Promise<string[]> => page.locator('.between td:nth-child(2)').allTextContents()

async function clean(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
}

test('without an obstacle, the page says that everything gets through, and copies its report', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/between', { viewport: PHONE, colorScheme: 'dark' })
  const { page, context, trouble } = opened
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.getByText('Everything gets through this network. Messages arrive at once, in both directions.').waitFor()
  expect(await seen(page)).toEqual(['works', 'works', 'works', 'works'])
  await clean(page)
  await page.getByRole('button', { name: 'Copy this report' }).click()
  await page.getByText('The report is in the clipboard.').waitFor()
  const report = await page.evaluate(() => navigator.clipboard.readText())
  expect(report).toContain(`What is between me and ${server.origin}`)
  expect(report).toMatch(/^Long polling +works, \d+ ms$/m)
  expect(trouble).toEqual([])
})

test('behind a firewall and a buffer, the page says what that means, and shows the advice of the server’s document', async () => {
  await using server = await serve({ conditions: { firewall: true, bufferingBytes: 65_536, bufferingMs: 0 } })
  await using opened = await open(browser, server, '/between', { viewport: DESK })
  const { page } = opened
  await page
    .getByText('This network refuses WebSocket and holds SSE back. Short polling and Long polling work.')
    .waitFor()
  await page
    .getByText('Pages of Fourwire use Long polling here instead of WebSocket, so messages arrive at once.')
    .waitFor()
  expect(await seen(page)).toEqual(['works', 'works', 'held back', 'refused'])
  await page.getByRole('heading', { name: 'If the proxy or the firewall is yours' }).waitFor()
  const advice = await page.locator('.between section').innerText()
  expect(advice).toContain('proxy_buffering off')
  expect(advice).toContain('Upgrade: websocket')
  await page.getByText('Whole configurations for Caddy, nginx and HAProxy').click()
  expect(await page.locator('.between pre').count()).toBe(3)
  await clean(page)
})

test('every pattern of the page finds a row of the document about the server', async () => {
  await using server = await serve()
  const html = await (await fetch(`${server.origin}/docs/server`)).text()
  const first = Array.from(html.matchAll(/<tr>\s*<td>(.*?)<\/td>/gs), ([, cell = '']) =>
    cell.replaceAll(/<[^>]+>/g, ''),
  )
  for (const { row } of ROWS) expect(first.filter((text) => row.test(text)).length, String(row)).toBeGreaterThan(0)
})

test('the page asks a Fourwire of another origin, which says that it refuses this page, and names a server that is none', async () => {
  await using server = await serve()
  await using other = await serve()
  await using opened = await open(
    browser,
    server,
    `/between?at=${encodeURIComponent(`http://localhost:${other.port}`)}`,
    {
      viewport: PHONE,
    },
  )
  const { page } = opened
  await page.getByText(/refuses everything else from this page\. A page of .*--allow-origin/).waitFor()
  expect(await seen(page)).toEqual(['works', 'works', 'works', 'works'])
  await clean(page)
  const field = page.getByRole('textbox', { name: 'Server' })
  await other.close()
  await page.getByRole('button', { name: 'Check' }).click()
  await page.getByText(/gives no answer that this page may read/).waitFor()
  expect(await seen(page)).toEqual(['no answer', 'no answer', 'no answer', 'no answer'])
  await field.fill('ftp://x')
  await page.getByRole('button', { name: 'Check' }).click()
  await page.getByText('“ftp://x” is not the address of a server.').waitFor()
})
