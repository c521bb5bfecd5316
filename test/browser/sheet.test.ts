/** Checks the printed sheet of the show: one page of paper, readable for everybody, and safe for any scene. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readScenes } from '../../server/show/scenes.ts'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { open } from './opened.ts'

let browser: Browser
beforeAll(async () => void (browser = await launch()), 90_000)
afterAll(() => browser.close())

test('the sheet with all scenes fits on one page of A4, and axe finds no problem', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/stage/sheet', { colorScheme: 'dark' })
  const { page, trouble } = opened
  expect(await page.locator('h2').count()).toBe(12)
  const heading = (part: string) => page.locator('h2', { hasText: part }).textContent()
  expect(await heading('The school firewall')).toMatch(/^5 .*25–30 min/)
  expect(await heading('Café Wi-Fi')).toMatch(/^9 /)
  const pdf = await page.pdf({ preferCSSPageSize: true })
  expect(pdf.toString('latin1').match(/\/Type \/Page\b/g)).toHaveLength(1)
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
  expect(trouble).toEqual([])
})

test('the sheet shows the text of a scene as text', async () => {
  const scene = { id: 'x', title: '<b>x</b>', question: '<img src=x onerror=alert(1)>', look: 'l', explain: 'e' }
  const scenes = readScenes(JSON.stringify([{ ...scene, runS: 9, minutes: 2, view: 'join' }]), 'x.json')
  await using server = await serve({ scenes })
  await using opened = await open(browser, server, '/stage/sheet')
  expect(await opened.page.locator('h2').textContent()).toContain('<b>x</b>')
  expect(await opened.page.locator('img').count()).toBe(0)
  expect(opened.trouble).toEqual([])
})
