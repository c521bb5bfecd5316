/** Checks the plain chat in two browser pages, one of them a phone, and the people in the sandbox's chat. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { lanesHave, open } from './opened.ts'

let browser: Browser
beforeAll(async () => void (browser = await launch()), 90_000)
afterAll(() => browser.close())

/** Sends a message by keyboard only: Tab goes from the name to the text, and Enter sends it. */
async function say(page: Page, name: string, text: string): Promise<void> {
  await page.getByLabel('Your name').fill(name)
  await page.keyboard.press('Tab')
  await page.keyboard.type(text)
  await page.keyboard.press('Enter')
}

test('the plain chat shows a message as text on a desktop and on a phone, and both pages survive a server restart', async () => {
  const server = await serve()
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
  const desk = await context.newPage()
  const phone = await (
    await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, colorScheme: 'dark' })
  ).newPage()
  const trouble: string[] = []
  for (const page of [desk, phone]) {
    page.on('pageerror', (error) => trouble.push(error.message))
    page.on(
      'console',
      (message) => void (message.text().includes('Content Security Policy') && trouble.push(message.text())),
    )
    await page.goto(`${server.origin}/chat`)
  }
  const nasty = '<img src=x onerror="document.title=1"> \u202egnihton'
  await say(desk, 'Ada', 'hello from the desk')
  await phone.getByText('hello from the desk').waitFor()
  await say(phone, '<b>Grace</b>', nasty)
  for (const page of [desk, phone]) {
    await page.getByText('onerror').waitFor()
    expect(await page.locator('[role=log] p').allTextContents()).toEqual([
      'Ada hello from the desk',
      `<b>Grace</b> ${nasty}`,
    ])
    expect(await page.locator('p img, p b b').count()).toBe(0)
  }
  expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  expect(await phone.getByLabel('Your message').inputValue()).toBe('')
  expect((await new AxeBuilder({ page: phone }).analyze()).violations).toEqual([])

  await server.close()
  await desk.getByText('Trying again').waitFor()
  await using second = await serve({ port: server.port })
  await desk.getByText('Trying again').waitFor({ state: 'detached' })
  await phone.getByText('Trying again').waitFor({ state: 'detached' })
  await say(desk, 'Ada', 'back')
  await phone.getByText('back', { exact: true }).waitFor()
  expect(second.port).toBe(server.port)
  expect(trouble).toEqual([])
  for (const page of [desk, phone]) await page.context().close()
}, 120_000)

test('the sandbox’s chat shows who is present, in how many tabs, and who is typing', async () => {
  await using server = await serve({ times: { typingMs: 60_000 } })
  const context = await browser.newContext()
  const pages = [await context.newPage(), await context.newPage(), await (await browser.newContext()).newPage()]
  const [ada, again, grace] = pages
  if (!ada || !again || !grace) throw new Error('There are no three pages.')
  for (const page of pages) {
    page.setDefaultTimeout(60_000)
    await page.goto(`${server.origin}/?lanes=none`)
  }
  await grace.getByLabel('Your name').fill('<i>Grace</i>')
  await grace.getByLabel('Your name').press('Tab')
  await ada.locator('.attendance').getByText('you (2 tabs), <i>Grace</i>').waitFor()
  await grace.getByLabel('Your message').pressSequentially('x')
  await again.locator('.attendance').getByText('<i>Grace</i> is typing…').waitFor()
  await grace.getByLabel('Your message').fill('')
  await again.locator('.attendance').getByText('typing').waitFor({ state: 'detached' })
  // The departure shows long before the time limit for silent clients.
  await grace.goto('about:blank')
  await ada.locator('.attendance').getByText('Grace').waitFor({ state: 'detached', timeout: 15_000 })
  await context.close()
}, 120_000)

test('with --auth, the sandbox asks people to sign in, and their messages show the name of the sign-in', async () => {
  const password = 'a password for all'
  await using server = await serve({ auth: { password } })
  await using opened = await open(browser, server, '/?poll=0.25')
  const { page } = opened
  await page.locator('[name=user]').fill('Ada')
  await page.locator('[name=password]').fill('a guess')
  await page.keyboard.press('Enter')
  await page.getByText('password').last().waitFor()
  await page.locator('[name=password]').fill(password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${server.origin}/?poll=0.25`)

  const name = page.getByLabel('Your name')
  await expect.poll(() => name.inputValue()).toBe('Ada')
  expect(await name.isEditable()).toBe(false)
  for (const way of ['WebSocket', 'POST']) {
    await page.getByLabel('Send by').selectOption(way)
    await page.getByLabel('Your message').fill(`by ${way}`)
    await page.keyboard.press('Enter')
    await page.getByRole('row', { name: new RegExp(`Ada.*by ${way}`) }).waitFor()
  }
  await lanesHave(page, 2)
})
