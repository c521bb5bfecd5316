/** Checks the head that all pages share: its links, the theme, and signing out. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SITE } from '../../server/pages/site.ts'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { PHONE, open } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

const PATHS = [
  '/',
  '/lessons',
  '/lessons/04-long-polling',
  '/docs',
  '/board',
  '/choose',
  '/capacity',
  '/chat',
  '/sign-in.html',
  '/nowhere',
]
const NAMES = SITE.map(({ name }) => name)

test('a theme that a person chose on one page is the theme of every page, and every page can change it', async () => {
  await using server = await serve()
  await using opened = await open(browser, server)
  const { page } = opened
  await page.getByRole('button', { name: 'Dark' }).click()
  for (const path of PATHS) {
    await page.goto(server.origin + path, { waitUntil: 'commit' })
    await page.getByRole('button', { name: 'Light' }).waitFor()
    expect(await backgroundOf(page), path).toBe('rgb(15, 18, 21)')
  }
  await page.getByRole('button', { name: 'Light' }).click()
  await page.goto(`${server.origin}/chat`)
  await page.getByRole('button', { name: 'Dark' }).waitFor()
  expect(await backgroundOf(page)).toBe('rgb(255, 255, 255)')
})

test('a person who signed in can sign out on every page', async () => {
  await using server = await serve({ auth: { password: 'four-wires-and-a-class' } })
  await using opened = await open(browser, server, '/sign-in.html?next=/docs')
  const { page } = opened
  await page.locator('.unstarted').waitFor({ state: 'detached' })
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('Password').fill('four-wires-and-a-class')
  await page.keyboard.press('Enter')
  await page.waitForURL(({ pathname }) => pathname === '/docs')
  for (const path of PATHS.filter((one) => one !== '/sign-in.html')) {
    await page.goto(server.origin + path)
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
  }
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL(({ pathname }) => pathname === '/sign-in.html')
  expect((await page.request.get(`${server.origin}/feed/lobby/poll`)).status()).toBe(401)
})

test.for(PATHS)('on a phone, a button opens the links of %s, and nothing is wider than the page', async (path) => {
  await using server = await serve()
  await using opened = await open(browser, server, path, { viewport: PHONE, hasTouch: true })
  const { page } = opened
  const links = page.getByRole('navigation', { name: 'Pages' }).getByRole('link')
  await page
    .getByRole('button', { name: 'Light' })
    .or(page.getByRole('button', { name: 'Pages' }))
    .waitFor()
  expect(await links.count()).toBe(0)
  await page.getByRole('button', { name: 'Pages' }).tap()
  expect(await links.allTextContents()).toEqual(NAMES)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width)
  const { violations } = await new AxeBuilder({ page }).include('.site').analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
  await page.keyboard.press('Escape')
  expect(await links.count()).toBe(0)
})

test('without JavaScript, every page keeps its links, and has no button that does nothing', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/lessons/04-long-polling', { javaScriptEnabled: false })
  const { page } = opened
  const head = page.getByRole('banner')
  expect(await head.getByRole('link').allTextContents()).toEqual(['Fourwire', ...NAMES])
  expect(await head.getByRole('button').count()).toBe(0)
  await head.getByRole('link', { name: 'Chat' }).click()
  expect(new URL(page.url()).pathname).toBe('/chat')
})

function backgroundOf(page: Page): Promise<string> {
  return page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
}
