import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import { launch } from './chromium.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('exports what it shows as an SVG that parses, with a shape for every message, and what people wrote as text', async () => {
  await using server = await serve()
  await using opened = await open(server)
  const { page } = opened
  const { id } = await server.publish('<script>window.hit=1</script> & "quoted"')
  await hasAll(page, id)
  await page.getByRole('button', { name: 'Pause' }).click()
  const svg = await exported(page, 'SVG')
  const found = await page.evaluate((text) => {
    const picture = new DOMParser().parseFromString(text, 'image/svg+xml')
    const element = document.querySelector('fw-ladder')
    const arrivals = element
      ? Reflect.get(element, 'session').lanes.map(({ marks }: Lane) => marks.arrivals.length)
      : []
    const colours = ['#c2480a', '#8f1f77', '#00775a', '#1f4fc8'].map((hex) => {
      const probe = new OffscreenCanvas(1, 1).getContext('2d')
      if (probe) probe.fillStyle = hex
      return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(', ')
    })
    const shapes = colours.map((colour) => picture.querySelectorAll(`path[fill="rgb(${colour})"]`).length - 1)
    return {
      error: picture.querySelector('parsererror')?.textContent ?? null,
      title: picture.querySelector('title')?.textContent,
      scripts: picture.querySelectorAll('script').length,
      texts: Array.from(picture.querySelectorAll('text'), ({ textContent }) => textContent),
      ground: picture.querySelector('rect')?.getAttribute('fill'),
      arrivals,
      shapes,
    }
  }, svg)
  expect(found).toMatchObject({ error: null, scripts: 0, ground: '#fff' })
  expect(found.title).toMatch(/^Fourwire · room lobby · \d+\.\d s from \d{4}-/)
  expect(found.texts).toContain('Ada: <script>window.hit=1</script> & "quoted"')
  expect(found.texts).toEqual(expect.arrayContaining(['Short polling', 'WebSocket', 'server', 'browser', 'paused']))
  expect(found.shapes.slice(1)).toEqual(found.arrivals.slice(1))
})

test('exports the same as text that goes on a handout', async () => {
  await using server = await serve()
  await using opened = await open(server)
  const { page } = opened
  const { id } = await server.publish('on paper')
  await hasAll(page, id)
  const text = await exported(page, 'Text')
  expect(text).toMatch(
    /^Fourwire · room lobby · .* UTC · \d+\.\d s · clocks agree within ±[\d.]+ ms\nNetwork: as it is\n/,
  )
  expect(text).toMatch(/^ +\d+\.\d +1 {2}Ada: on paper$/m)
  expect(text).toMatch(/^Short polling: asks every 0\.25 s · GET \/feed\/lobby\/poll\?after=CURSOR$/m)
  expect(text).toMatch(/^ +\d+\.\d {2}browser ◀── server {2}event: message 1 .* late [\d.]+$/m)
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
})

test('folds what is idle, and the axis, the pointer and the keys know', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?lanes=ws&zoom=0.25')
  const { page } = opened
  const { id } = await server.publish('before')
  await hasAll(page, id)
  // Minutes pass within a moment for the page's clock alone: nothing crosses meanwhile.
  await page.getByRole('button', { name: 'Pause' }).click()
  const shown = await page.evaluate(() => {
    const element = document.querySelector('fw-ladder')
    if (!element) return null
    const { quiet } = Reflect.get(element, 'session')
    quiet.stir(quiet.lastMs - 100_000)
    return Reflect.get(element, 'shownMs')
  })
  expect(shown).toBeGreaterThan(0)
})

/** A page at one zoom that shows ten seconds and more, without the metronome. */
async function open({ origin }: Pick<Served, 'origin'>, path = '/?poll=0.25&zoom=0.5') {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, colorScheme: 'dark' })
  const page = await context.newPage()
  await fetch(`${origin}/lab/settings?room=lobby`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"ratePerSecond":0}',
  })
  await page.goto(origin + path)
  await page.waitForFunction(() => {
    const on = window.fourwire?.snapshot().lanes.filter((lane) => lane.on) ?? []
    return on.length > 0 && on.every(({ state }) => state !== 'connecting' && state !== 'resting')
  })
  return { page, [Symbol.asyncDispose]: () => context.close() }
}

interface Lane {
  readonly marks: { readonly arrivals: readonly unknown[] }
}

/** All lanes that are on have brought it. */
async function hasAll(page: Page, id: string): Promise<void> {
  await page.waitForFunction(
    (last) =>
      window.fourwire.snapshot().cursor === last &&
      window.fourwire.snapshot().lanes.every((lane) => !lane.on || lane.received > 0),
    id,
  )
}

async function exported(page: Page, name: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name, exact: true }).click(),
  ])
  return readFile(await download.path(), 'utf8')
}
