/** Checks the sandbox in use: by keyboard, under a LAN name, with hostile texts, and without its server. */
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sqliteLog } from '../../server/feed/sqlite-log.ts'
import { serve } from '../serve.ts'
import { launch } from './chromium.ts'
import { everyLaneReaches, lanesAreOn, lanesHave, open, seqOf, snapshotOf } from './opened.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('the page exports its state as plain data', async () => {
  await using server = await serve()
  await using opened = await open(browser, server)
  const { page } = opened
  await lanesHave(page, 1)
  const snapshot = await snapshotOf(page)
  expect(Object.keys(snapshot)).toEqual(['room', 'cursor', 'clock', 'conditions', 'lanes'])
  expect(Object.keys(snapshot.clock)).toEqual(['offsetMs', 'boundMs'])
  expect(Object.keys(snapshot.lanes[0] ?? {})).toEqual([
    ...'transport on cursor state received lost duplicated outOfOrder n p50Ms p95Ms p99Ms expectedP50Ms requests'.split(
      ' ',
    ),
    ...'connections bytesUp bytesDown split bytesPerMessage'.split(' '),
  ])
  expect(snapshot.lanes.map(({ transport }) => transport)).toEqual(['short-poll', 'long-poll', 'sse', 'ws'])
})

test('a person who switches between transports loses no message and gets none twice', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?rate=20&poll=0.1')
  const { page } = opened
  await lanesHave(page, 5)
  for (const name of ['SSE', 'Short polling', 'WebSocket', 'Long polling']) {
    await page.getByRole('button', { name: `Only ${name}` }).click()
    await page.getByText(`Only ${name} is on. It continues at the same cursor: 0 lost, 0 doubled.`).waitFor()
    const before = seqOf(await snapshotOf(page))
    await page.waitForFunction((seq) => Number(window.fourwire.snapshot().cursor.split('.')[1]) > seq + 5, before)
  }
  await page.getByRole('button', { name: 'All lanes' }).click()
  await page.getByRole('switch', { name: 'SSE on' }).uncheck()
  await page.getByRole('switch', { name: 'SSE on' }).check()
  await lanesHave(page, 20)
  for (const lane of (await snapshotOf(page)).lanes) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
  // The page's cursor moves only over events without a hole.
  const last = await server.publish('the end')
  await page.waitForFunction((id) => seq(window.fourwire.snapshot().cursor) >= seq(id), last.id)
})

test('the sandbox can be used by keyboard alone', async () => {
  await using server = await serve()
  await using opened = await open(browser, server, '/?rate=10')
  const { page } = opened
  await lanesHave(page, 3)
  const names = new Set<string>()
  for (let i = 0; i < 50; i++) {
    await page.keyboard.press('Tab')
    names.add(await page.evaluate(() => nameOf(document.activeElement)))
  }
  for (const name of [
    'How to read',
    'Dark',
    '10 a second',
    'Network',
    'Cut now',
    'Firewall',
    'Show more time',
    'Pause',
    'SSE on',
    'Poll interval',
    'Code of SSE',
    'Only SSE',
    'Table',
    'CSV',
    'Your message',
    'Send',
  ]) {
    expect([...names]).toContain(name)
  }
  await page.locator('fw-ladder canvas').focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowLeft')
  await page
    .getByRole('status')
    .getByText(/^Long poll, −\d/)
    .waitFor()
  await page.getByRole('button', { name: 'Resume' }).waitFor()
  await page.keyboard.press(' ')
  await page.getByRole('button', { name: 'Pause' }).waitFor()
  await page.getByRole('button', { name: 'Code of SSE' }).focus()
  await page.keyboard.press('Enter')
  await page.getByText('server/transports/sse.ts').waitFor()
  await page.keyboard.press('ArrowRight')
  await page.getByText('web/transports/sse.ts').waitFor()
  await page.keyboard.press('Escape')
  await expect.poll(() => page.evaluate(() => nameOf(document.activeElement))).toBe('Code of SSE')
})

test('the sandbox shows hostile messages as text', async () => {
  await using server = await serve()
  await using opened = await open(browser, server)
  const { page, trouble } = opened
  await lanesAreOn(page)
  const texts = [
    '<img src=x onerror="window.hit=1">',
    '</script><script>window.hit=1</script>',
    '\u202Ereversed',
    `=HYPERLINK("x") ${'w'.repeat(1900)}`,
  ]
  for (const text of texts) await server.publish(text)
  for (const text of texts)
    await page.locator('fw-chat bdi').getByText(text, { exact: true }).waitFor({ state: 'attached' })
  const size = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
  expect(size[0]).toBe(size[1])
  expect(await page.evaluate(() => 'hit' in window)).toBe(false)
  expect(trouble).toEqual([])
})

test('the page reports a stopped server with a remedy, and its lanes resume from their cursors after the restart', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'fourwire-'))
  const path = join(folder.path, 'feed.db')
  const server = await serve({ log: sqliteLog(path) })
  await using opened = await open(browser, server, '/?poll=0.25')
  const { page } = opened
  await lanesHave(page, 1)
  await server.close()
  await page.getByRole('alert').getByText('The server does not answer.').waitFor()
  await using again = await serve({ log: sqliteLog(path), port: server.port })
  const { id } = await again.publish('back again')
  await everyLaneReaches(page, id)
  await page.getByRole('alert').waitFor({ state: 'detached' })
  for (const lane of (await snapshotOf(page)).lanes) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
})

test('the sandbox works under a host name of the LAN, although the page is then not a secure context', async () => {
  const lan = await launch({ args: ['--host-resolver-rules=MAP lan.test 127.0.0.1'] })
  try {
    await using server = await serve({ allowHosts: ['lan.test'] })
    await using opened = await open(lan, { origin: `http://lan.test:${server.port}` }, '/?rate=5&poll=0.25')
    const { page, trouble } = opened
    expect(await page.evaluate(() => isSecureContext)).toBe(false)
    // The README states this cost: a clock with steps of 0.1 ms instead of 0.005 ms.
    expect(await clockStepMs(page)).toBeGreaterThan(0.09)
    await lanesHave(page, 3)
    await page.getByLabel('Your message').fill('from the next room')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByRole('row', { name: /from the next room/ }).waitFor()
    expect(trouble).toEqual([])

    await using trusted = await open(lan, server, '/?poll=0.25')
    expect(await trusted.page.evaluate(() => isSecureContext)).toBe(true)
    expect(await clockStepMs(trusted.page)).toBeLessThan(0.02)
  } finally {
    await lan.close()
  }
})

/** Resolution of the clock, as the page itself measures it. */
const clockStepMs = (page: Page): Promise<number> =>
  page.evaluate("import('/lab/resolution.ts').then(({ clockResolutionMs }) => clockResolutionMs())")
