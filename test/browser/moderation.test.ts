/** Checks the instructor's panel for the class in a real page, with a second page that reads. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { lanesAreOn, open } from './opened.ts'

let browser: Browser
beforeAll(async () => void (browser = await launch()), 90_000)
afterAll(() => browser.close())

test('the instructor removes a message and mutes its author, and the message disappears from every page', async () => {
  await using server = await serve({ isShared: true, token: 'first-of-them' })
  await using teacher = await open(browser, server, '/#token=first-of-them')
  await using student = await open(browser, server)
  for (const { page } of [teacher, student]) await lanesAreOn(page)
  const said = server.app.inject({
    method: 'POST',
    url: '/feed/lobby',
    headers: { host: 'localhost' },
    payload: { user: 'Eve', text: 'something rude' },
  })
  await said
  for (const { page } of [teacher, student]) await page.locator('fw-chat').getByText('something rude').waitFor()
  expect(await student.page.getByRole('button', { name: 'Class' }).count()).toBe(0)
  await teacher.page.getByRole('button', { name: 'Class' }).click()
  const sheet = teacher.page.getByRole('complementary', { name: 'Class' })
  await sheet.getByRole('button', { name: 'Mute Eve' }).click()
  await sheet.getByRole('button', { name: 'Allow Eve' }).waitFor()
  expect((await new AxeBuilder({ page: teacher.page }).analyze()).violations).toEqual([])
  await sheet.getByRole('button', { name: /^Remove the message of Eve/ }).click()
  await student.page.locator('fw-chat').getByText('something rude').waitFor({ state: 'detached' })
  await sheet.getByText('something rude').waitFor({ state: 'detached' })
  const refused = await server.app.inject({
    method: 'POST',
    url: '/feed/lobby',
    headers: { host: 'localhost' },
    payload: { user: 'Eve', text: 'again' },
  })
  expect(refused.json().code).toBe('muted')
})

test('hiding the chat affects only this screen, and the address of the page stores this choice', async () => {
  await using server = await serve()
  await using opened = await open(browser, server)
  const { page } = opened
  await lanesAreOn(page)
  await page.getByRole('button', { name: 'Class' }).click()
  await page.getByRole('button', { name: 'Hide the chat' }).click()
  await page.getByRole('button', { name: 'Show the chat' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByText('The chat is hidden on this screen.').waitFor()
  expect(await page.locator('fw-chat').count()).toBe(0)
  expect(page.url()).toContain('chat=hidden')
})

test('clearing the room needs a confirmation', async () => {
  await using server = await serve()
  await using opened = await open(browser, server)
  const { page } = opened
  await lanesAreOn(page)
  await server.publish('to be cleared')
  await page.locator('fw-chat').getByText('to be cleared').waitFor()
  await page.getByRole('button', { name: 'Class' }).click()
  await page.getByRole('button', { name: 'Clear this room' }).click()
  expect(await page.getByText('to be cleared').count()).toBeGreaterThan(0)
  await page.getByRole('button', { name: 'Really? Clear this room' }).click()
  await page.getByText('to be cleared').first().waitFor({ state: 'detached' })
})
