import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Lane } from '../../web/lane/lane.ts'
import { serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import { launch } from './chromium.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('the SVG export of the ladder is valid XML, has a shape for each message, and contains the texts of messages as text', async () => {
  await using server = await serve()
  await using opened = await open(server)
  const { page } = opened
  const { id } = await server.publish('<script>window.hit=1</script> & "quoted"')
  await hasAll(page, id)
  await page.getByRole('button', { name: 'Pause' }).click()
  const svg = await exported(page, 'SVG')
  // A blank page parses the SVG, because the sandbox's page forbids markup from strings.
  const blank = await opened.context.newPage()
  const found = await blank.evaluate((text) => {
    const picture = new DOMParser().parseFromString(text, 'image/svg+xml')
    // One shape of each colour stands before the lane's name.
    const shapes = ['194, 72, 10', '143, 31, 119', '0, 119, 90', '31, 79, 200'].map(
      (colour) => picture.querySelectorAll(`path[fill="rgb(${colour})"]`).length - 1,
    )
    return {
      error: picture.querySelector('parsererror')?.textContent ?? null,
      title: picture.querySelector('title')?.textContent,
      scripts: picture.querySelectorAll('script').length,
      texts: Array.from(picture.querySelectorAll('text'), ({ textContent }) => textContent),
      ground: picture.querySelector('rect')?.getAttribute('fill'),
      shapes,
    }
  }, svg)
  expect(found).toMatchObject({ error: null, scripts: 0, ground: '#fff' })
  expect(found.title).toMatch(/^Fourwire · room lobby · \d+\.\d s from \d{4}-/)
  expect(found.texts).toContain('Ada: <script>window.hit=1</script> & "quoted"')
  expect(found.texts).toEqual(expect.arrayContaining(['Short polling', 'WebSocket', 'server', 'browser', 'paused']))
  expect(found.shapes).toEqual([1, 1, 1, 1])
})

test('the text export of the ladder contains the messages with their delays, in lines of at most 100 characters', async () => {
  await using server = await serve()
  await using opened = await open(server)
  const { page } = opened
  const { id } = await server.publish('on paper')
  await hasAll(page, id)
  const text = await exported(page, 'Text')
  expect(text).toMatch(
    /^Fourwire · room lobby · .* UTC · \d+\.\d s · clocks agree within ±[\d.]+ ms\nNetwork: no conditions\n/,
  )
  expect(text).toMatch(/^ +\d+\.\d +1 {2}Ada: on paper$/m)
  expect(text).toMatch(/^Short polling: asks every 0\.25 s · GET \/feed\/lobby\/poll\?after=CURSOR$/m)
  expect(text).toMatch(/^ +\d+\.\d {2}browser ◀── server {2}event: message 1 .* late [\d.]+$/m)
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
})

test('the marks of the ladder have the server’s times and descriptions, and a click opens the exchange of a mark', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?off=short-poll,sse&zoom=0.5')
  const { page } = opened
  const { id } = await server.publish('first')
  await hasAll(page, id)
  // A second message makes sure that the reports of the first one are complete.
  await hasAll(page, (await server.publish('second')).id)
  await expect
    .poll(() => arrivalsOf(page))
    .toEqual([
      { transport: 'long-poll', isTold: true, ascends: true },
      { transport: 'ws', isTold: true, ascends: true },
    ])
  const ladder = page.locator('fw-ladder canvas')
  await ladder.focus()
  await page.keyboard.press('ArrowDown')
  // The number of polls before and after the one with the first message depends on how fast the machine is.
  const steps = ['ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowRight', 'ArrowRight', 'ArrowRight']
  let step = 0
  await expect
    .poll(async () => {
      const sentences = (await page.getByRole('status').allTextContents()).filter(Boolean)
      if (!sentences.some((one) => POLL_WITH_ONE.test(one)))
        await page.keyboard.press(steps[step++ % steps.length] ?? 'ArrowLeft')
      return sentences
    })
    .toContainEqual(expect.stringMatching(POLL_WITH_ONE))
  await page.keyboard.press('Enter')
  await page.getByRole('complementary', { name: 'Long polling' }).getByText('A response with 1 message').waitFor()
  await page.keyboard.press('Escape')
  await expect.poll(() => ladder.evaluate((element) => element === document.activeElement)).toBe(true)

  const place = await ladder.evaluate((canvas) => {
    const strip = document.querySelectorAll('.strip')[3]?.getBoundingClientRect()
    const own = canvas.getBoundingClientRect()
    return { x: own.width - 70, y: (strip?.top ?? 0) - own.top + (strip?.height ?? 0) / 2 }
  })
  await ladder.click({ position: place })
  await page
    .getByRole('complementary', { name: 'WebSocket' })
    .getByText(/^exchange \d+$/)
    .waitFor()
})

/** The sentence about a poll. The browser can queue the request, and a busy machine can hold the response. */
const POLL_WITH_ONE =
  /^Long poll, −[\d.]+ s: (queued in the browser for [\d.]+ ms, )?\d+ B up in [\d.]+ ms, held for [\d.]+ ms, 200 \d+ B down in [\d.]+ ms( \([^)]+\))?, 1 message, (reused connection|connection \d+)$/

/** Opens a page without the metronome, with a zoom that shows at least ten seconds. */
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
  return { page, context, [Symbol.asyncDispose]: () => context.close() }
}

/**
 * For each lane that is on: whether the wire reported every arrival and every ended poll (`isTold`), and whether no mark
 * runs backwards (`ascends`).
 */
function arrivalsOf(page: Page) {
  return page.evaluate(() => {
    const element = document.querySelector('fw-ladder')
    const lanes: readonly Lane[] = element ? Reflect.get(element, 'session').lanes : []
    return lanes
      .filter(({ on }) => on)
      .map(({ transport, marks }) => ({
        transport,
        isTold:
          marks.arrivals.every(({ leftAtMs, exchange }) => leftAtMs !== undefined && exchange !== undefined) &&
          marks.exchanges.every(
            ({ endedAtMs, crossed, leftAtMs }) =>
              endedAtMs === null || (crossed !== undefined && leftAtMs !== undefined),
          ),
        ascends: [...marks.exchanges, ...marks.streams].every(
          (mark) => mark.reachedAtMs === undefined || mark.reachedAtMs >= mark.askedAtMs,
        ),
      }))
  })
}

/** Waits until all lanes that are on have brought the event. */
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
