import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, BrowserContextOptions, Page, Request } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sqliteLog } from '../../server/feed/sqlite-log.ts'
import type { Lanes } from '../../server/protocol.ts'
import type { Snapshot } from '../../web/state/snapshot.ts'
import { serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import { launch } from './chromium.ts'

const DESK = { width: 1280, height: 720 }
const PHONE = { width: 390, height: 844 }

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('brings the feed on four lanes, asks nobody but its server, and weighs less than 400 kB', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?rate=10')
  const { page, trouble, requests } = opened
  await lanesHave(page, 20)
  const snapshot = await snapshotOf(page)
  for (const lane of snapshot.lanes) {
    expect(lane).toMatchObject({ on: true, lost: 0, duplicated: 0, outOfOrder: 0 })
    expect(lane.p50Ms ?? Infinity).toBeLessThan(lane.transport === 'short-poll' ? 1100 : 50)
  }
  expect(requests.map((request) => request.url()).filter((url) => new URL(url).origin !== server.origin)).toEqual([])
  expect(requests.length).toBeGreaterThan(50)
  expect(await bytesOf(requests)).toBeLessThan(400_000)
  expect(trouble).toEqual([])
})

test('tells what it knows as plain data', async () => {
  await using server = await serve()
  await using opened = await open(server)
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

test('has the bytes of its lanes from the meter at the sockets, and from nowhere else', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?rate=5&poll=0.25&wait=5')
  const { page } = opened
  await lanesHave(page, 5)
  // The page holds what was read half a second ago: it is still for longer than that.
  await server.set({ ratePerSecond: 0 })
  await page.getByRole('button', { name: 'Only SSE' }).click()
  const metered = async () => (await (await fetch(`${server.origin}/lab/lanes`)).json()) as Lanes
  await expect
    .poll(async () => {
      const known = (await snapshotOf(page)).lanes.map((lane) => [lane.transport, lane.bytesUp, lane.bytesDown])
      const { lanes } = await metered()
      const there = lanes.map((lane) => [lane.transport, lane.bytesUp, lane.bytesDown])
      return there.length === 4 && there.every((lane) => known.some((other) => `${other}` === `${lane}`))
    })
    .toBe(true)
  for (const { bytesUp, bytesDown, split } of (await snapshotOf(page)).lanes)
    expect(Object.values(split ?? {}).reduce((sum, bytes) => sum + bytes, 0)).toBe((bytesUp ?? 0) + (bytesDown ?? 0))
})

test('goes from one transport to the next and back without losing or repeating anything', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?rate=20&poll=0.1')
  const { page } = opened
  await lanesHave(page, 5)
  for (const name of ['SSE', 'Short polling', 'WebSocket', 'Long polling']) {
    await page.getByRole('button', { name: `Only ${name}` }).click()
    await page.getByText(`${name} alone. The cursor went over: 0 lost, 0 doubled.`).waitFor()
    const before = seqOf(await snapshotOf(page))
    await page.waitForFunction((seq) => Number(window.fourwire.snapshot().cursor.split('.')[1]) > seq + 5, before)
  }
  await page.getByRole('button', { name: 'Only Long polling' }).click()
  await page.getByRole('switch', { name: 'SSE on' }).uncheck()
  await page.getByRole('switch', { name: 'SSE on' }).check()
  await lanesHave(page, 20)
  for (const lane of (await snapshotOf(page)).lanes) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
  // The page's position moves only over what it has without a hole.
  const last = await server.publish('the end')
  await page.waitForFunction((id) => seq(window.fourwire.snapshot().cursor) >= seq(id), last.id)
})

test.for(['ws', 'post'] as const)('shows when each lane had what was said by %s', async (by) => {
  await using server = await serve()
  await using opened = await open(server, '/?poll=0.1')
  const { page } = opened
  await lanesAreOn(page)
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('Your message').fill('which one are you reading?')
  await page.getByLabel('Send by').selectOption(by)
  await page.keyboard.press('Tab')
  await page.getByRole('button', { name: 'Send' }).click()
  const row = page.getByRole('row', { name: /Ada which one are you reading/ })
  await expect.poll(() => row.getByRole('cell', { name: /^\d/ }).count()).toBe(4)
  await expect.poll(() => page.getByLabel('Your message').inputValue()).toBe('')
})

test('keeps the text and says so when it could not be sent', async () => {
  await using server = await serve()
  await using opened = await open(server)
  const { page } = opened
  await lanesAreOn(page)
  await page.route(/\/feed\/lobby(\?|$)/, (route) => route.abort())
  await page.getByLabel('Your message').fill('can you hear me?')
  await page.getByLabel('Send by').selectOption('post')
  await page.getByRole('button', { name: 'Send' }).click()
  await page
    .getByRole('status')
    .getByText(/^Not sent: .* The text is still in the field\.$/)
    .waitFor()
  expect(await page.getByLabel('Your message').inputValue()).toBe('can you hear me?')
})

test('keeps its state in the address, so that a link opens the same view', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?room=b-2')
  const { page } = opened
  await lanesAreOn(page)
  await page.getByRole('radio', { name: '5 a second', exact: true }).check()
  await page.getByRole('combobox', { name: 'Poll interval' }).selectOption('250')
  await page.getByRole('combobox', { name: 'Longest hold' }).selectOption('5')
  await page.getByRole('switch', { name: 'SSE on' }).uncheck()
  await page.getByRole('button', { name: 'shorter time' }).click()
  await page.getByRole('button', { name: 'Table' }).click()
  await page.getByRole('button', { name: 'Dark' }).click()
  await page.getByRole('button', { name: 'Code of WebSocket' }).click()
  await page.getByRole('tab', { name: 'Browser file' }).click()
  const query =
    '?room=b-2&lanes=short-poll,long-poll,ws&poll=0.25&wait=5&rate=5&zoom=2&theme=dark&open=ws:browser&view=table'
  await expect.poll(() => new URL(page.url()).search).toBe(query)

  await using linked = await open(server, `/${query}`)
  const other = linked.page
  await other.getByRole('tab', { name: 'Browser file', selected: true }).waitFor()
  await other.getByText('web/transports/ws.ts').waitFor()
  await other.getByRole('region', { name: 'All figures' }).waitFor()
  await other.waitForFunction(() => window.fourwire.snapshot().lanes.filter(({ on }) => on).length === 3)
  await other.getByRole('radio', { name: '5 a second', exact: true, checked: true }).waitFor({ state: 'attached' })
  expect(new URL(other.url()).search).toBe(query)
})

test('shows a bent network as a band, and push lanes are as late as it makes them', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?rate=20&poll=0.25')
  const { page } = opened
  await lanesHave(page, 5)
  await page.getByRole('combobox', { name: 'Network' }).selectOption('4G')
  await page
    .getByRole('status')
    .getByText(/^4G · 25 to 40 ms each way\. All lanes came back/)
    .waitFor()
  await page.waitForFunction(() => window.fourwire.snapshot().conditions?.latencyMs === 25)
  await lanesHave(page, 40)
  for (const { transport, p50Ms, expectedP50Ms, lost, duplicated } of (await snapshotOf(page)).lanes) {
    expect({ transport, lost, duplicated }).toEqual({ transport, lost: 0, duplicated: 0 })
    if (transport === 'short-poll') continue
    expect(p50Ms, transport).toBeGreaterThan(25)
    // At this rate many messages fall into a long poll's gap, and a busy machine makes that longer still.
    if (transport === 'long-poll') continue
    expect(p50Ms, transport).toBeLessThan(100)
    expect(expectedP50Ms, transport).toBeGreaterThan(30)
    expect(expectedP50Ms, transport).toBeLessThan(60)
  }
  await expect.poll(() => groundOf(page), { timeout: 5000 }).toBe('243,244,246,255')
  await page.getByRole('combobox', { name: 'Network' }).selectOption('LAN')
  await page.getByRole('status').getByText('The network is left alone again.').waitFor()
  await expect.poll(() => groundOf(page), { timeout: 5000 }).toBe('0,0,0,0')
})

test('knows what time it is as well on a long line as on none, and how long the line is', async () => {
  await using server = await serve({ conditions: { latencyMs: 60 } })
  await using opened = await open(server, '/?rate=20')
  await lanesHave(opened.page, 5)
  const { clock, lanes } = await snapshotOf(opened.page)
  expect(clock.boundMs).toBeLessThan(30)
  const push = lanes.find(({ transport }) => transport === 'ws')
  expect(push?.expectedP50Ms).toBeGreaterThan(60)
  expect(push?.p50Ms).toBeGreaterThan(60 - (clock.boundMs ?? 0))
})

test('has WebSocket refused by a firewall, and no other lane notices', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?rate=10&poll=0.25')
  const { page } = opened
  await lanesHave(page, 3)
  await page.getByRole('button', { name: 'Firewall' }).click()
  await page.getByRole('button', { name: 'Firewall', pressed: true }).waitFor()
  const ws = page.getByRole('region', { name: 'WebSocket' })
  await ws.getByText(/^refused 403 · again in/).waitFor()
  await page.waitForFunction(() =>
    window.fourwire.snapshot().lanes.every(({ transport, n }) => (transport === 'ws' ? n === 0 : n >= 10)),
  )
  await page.getByRole('button', { name: 'Cut now' }).click()
  await page.getByRole('status').getByText('All connections cut. Each lane comes back from its own cursor.').waitFor()
  await page.getByRole('button', { name: 'Firewall' }).click()
  const { id } = await server.publish('all together again')
  await everyLaneReaches(page, id)
  for (const lane of (await snapshotOf(page)).lanes) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
})

test('lets only the instructor bend and break the network, and says why', async () => {
  await using server = await serve({ isInstructor: false })
  await using opened = await open(server)
  const { page } = opened
  await lanesAreOn(page)
  for (const name of ['Cut now', 'Restart server', 'Buffering proxy', 'Firewall']) {
    const button = page.getByRole('button', { name })
    expect(await button.isDisabled()).toBe(true)
    expect(await button.getAttribute('title')).toMatch(/^Only the instructor sets/)
  }
  expect(await page.getByRole('combobox', { name: 'Network' }).isDisabled()).toBe(true)
})

test('makes an instructor of who enters the token, in this tab and for as long as it is right', async () => {
  await using server = await serve({ isInstructor: false, token: 'first-of-them' })
  await using opened = await open(server)
  const { page } = opened
  await page.getByRole('button', { name: 'Instructor' }).click()
  const enter = async (token: string) => {
    await page.getByLabel('Instructor’s token').fill(token)
    await page.keyboard.press('Enter')
  }
  const cut = page.getByRole('form', { name: 'Experiment' }).getByRole('button', { name: 'Cut now' })
  await enter('a guess')
  const answer = /^That is not the instructor’s token\. .* printed where the server was started/
  await page.getByRole('status').getByText(answer).waitFor()
  await page.getByRole('complementary', { name: 'Settings' }).getByText(answer).waitFor()
  expect(await cut.isDisabled()).toBe(true)
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
  await enter(' First of them')
  await page.getByRole('status').getByText('You are the instructor now').waitFor()
  await expect.poll(() => cut.isEnabled()).toBe(true)
  expect(await page.getByLabel('Instructor’s token').count()).toBe(0)
  expect(page.url() + JSON.stringify(await snapshotOf(page))).not.toMatch(/first/i)

  await page.reload()
  await expect.poll(() => cut.isEnabled()).toBe(true)
  await server.close()
  await using next = await serve({ isInstructor: false, token: 'second-of-them', port: server.port })
  expect(next.origin).toBe(server.origin)
  await page.getByLabel('Instructor’s token').waitFor()
  expect(await cut.isDisabled()).toBe(true)
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
})

test('is used by keyboard alone', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?rate=10')
  const { page } = opened
  await lanesHave(page, 3)
  const names = new Set<string>()
  for (let i = 0; i < 45; i++) {
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
    'longer time',
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
  await page.getByRole('button', { name: 'Go on' }).waitFor()
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

test('has nothing that axe finds wrong', async () => {
  await using server = await serve()
  const views: readonly [string, BrowserContextOptions][] = [
    ['/?rate=20', { viewport: DESK, colorScheme: 'light' }],
    ['/?rate=20&lanes=sse&view=table', { viewport: DESK, colorScheme: 'dark' }],
    ['/?rate=20&open=long-poll:server', { viewport: DESK, colorScheme: 'dark' }],
    ['/?rate=20&open=help', { viewport: PHONE, hasTouch: true, colorScheme: 'light' }],
    ['/?rate=20&open=settings', { viewport: PHONE, hasTouch: true, colorScheme: 'dark' }],
  ]
  for (const [path, options] of views) {
    await using opened = await open(server, path, options)
    await lanesHave(opened.page, 1)
    const { violations } = await new AxeBuilder({ page: opened.page }).analyze()
    expect(violations.map(({ id, nodes }) => `${path} ${id}: ${nodes[0]?.html}`)).toEqual([])
  }
}, 40_000)

test('shows what hostile people write as what it is: text', async () => {
  await using server = await serve()
  await using opened = await open(server)
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

test('comes back from the browser’s page cache with all that it missed', async () => {
  const realistic = await launch({ realistic: true })
  try {
    await using server = await serve()
    await using opened = await open(server, '/?poll=0.25', {}, realistic)
    const { page } = opened
    await lanesHave(page, 1)
    await page.evaluate(() =>
      addEventListener('pageshow', ({ persisted }) => Object.assign(window, { cached: persisted })),
    )
    await page.goto(`${server.origin}/icon.svg`)
    const missed = []
    for (let i = 0; i < 5; i++) missed.push(await server.publish(`missed ${i}`))
    // It never resolves when the page comes out of the cache.
    void page.goBack().catch(() => undefined)
    await everyLaneReaches(page, missed.at(-1)?.id ?? '')
    expect(await page.evaluate(() => Reflect.get(window, 'cached'))).toBe(true)
    for (const lane of (await snapshotOf(page)).lanes) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
    // What came while nobody was looking says nothing about the transport.
    for (const lane of (await snapshotOf(page)).lanes)
      if (lane.transport !== 'short-poll') expect(lane.p99Ms ?? 0).toBeLessThan(300)
  } finally {
    await realistic.close()
  }
})

test('lets go while it is hidden, and misses nothing', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?poll=0.25')
  const { page } = opened
  await lanesHave(page, 1)
  await setHidden(page, true)
  await page.waitForFunction(() => window.fourwire.snapshot().lanes.every(({ state }) => state === 'resting'))
  const missed = await server.publish('while you were away')
  await setHidden(page, false)
  await everyLaneReaches(page, missed.id)
  for (const lane of (await snapshotOf(page)).lanes) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
})

test('says that the browser is offline, and goes on afterwards', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?poll=0.25')
  const { page, context } = opened
  await lanesHave(page, 1)
  await context.setOffline(true)
  await page.getByRole('alert').getByText('This browser is offline.').waitFor()
  const missed = await server.publish('said to nobody')
  await context.setOffline(false)
  await everyLaneReaches(page, missed.id)
  await page.getByRole('alert').waitFor({ state: 'detached' })
  for (const lane of (await snapshotOf(page)).lanes) expect(lane).toMatchObject({ lost: 0, duplicated: 0 })
})

test('says that the server is away and what to do, and comes back from its cursors', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'fourwire-'))
  const path = join(folder.path, 'feed.db')
  const server = await serve({ log: sqliteLog(path) })
  await using opened = await open(server, '/?poll=0.25')
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

test('notices that requests are queued in the browser, and says why', async () => {
  await using server = await serve()
  await using opened = await open(server)
  const { page } = opened
  await lanesHave(page, 1)
  await page.evaluate(() =>
    Object.assign(window, { hogs: Array.from({ length: 6 }, () => new EventSource('/feed/other/sse')) }),
  )
  await page.getByText('queued', { exact: true }).waitFor()
  await page
    .getByRole('status')
    .getByText(/it opens six connections to one host/)
    .waitFor()
  await page.evaluate(() => Reflect.get(window, 'hogs').forEach((hog: EventSource) => hog.close()))
  await page.getByText('queued', { exact: true }).waitFor({ state: 'detached' })
})

test('moves nothing about while its figures run', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?rate=20')
  const { page } = opened
  await lanesHave(page, 1)
  await page.evaluate(() => {
    Object.assign(window, { shifted: 0 })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shifted += Reflect.get(entry, 'value')
    }).observe({ type: 'layout-shift' })
  })
  await lanesHave(page, 50)
  expect(await page.evaluate(() => window.shifted)).toBeLessThan(0.001)
})

test('works under a LAN name, which is no secure context', async () => {
  const lan = await launch({ args: ['--host-resolver-rules=MAP lan.test 127.0.0.1'] })
  try {
    await using server = await serve({ allowHosts: ['lan.test'] })
    await using opened = await open(
      { ...server, origin: `http://lan.test:${server.port}` },
      '/?rate=5&poll=0.25',
      {},
      lan,
    )
    const { page, trouble } = opened
    expect(await page.evaluate(() => isSecureContext)).toBe(false)
    await lanesHave(page, 3)
    await page.getByLabel('Your message').fill('from the next room')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByRole('row', { name: /from the next room/ }).waitFor()
    expect(trouble).toEqual([])
  } finally {
    await lan.close()
  }
})

declare global {
  interface Window {
    shifted: number
  }
  /** Of a cursor. In the page; see `open`. */
  function seq(cursor: string): number
  function nameOf(element: Element | null): string
}

interface Opened extends AsyncDisposable {
  readonly context: BrowserContext
  readonly page: Page
  /** Errors and what the content security policy refused. Chromium's word on a plain address, that it has no process of its own, is neither. */
  readonly trouble: string[]
  readonly requests: Request[]
}

async function open(
  { origin }: Pick<Served, 'origin'>,
  path = '/',
  options: BrowserContextOptions = {},
  by = browser,
): Promise<Opened> {
  const context = await by.newContext({ viewport: DESK, ...options })
  const page = await context.newPage()
  const trouble: string[] = []
  const requests: Request[] = []
  page.on('pageerror', (error) => trouble.push(error.message))
  page.on(
    'console',
    (message) =>
      message.type() === 'error' &&
      !message.text().includes('Cross-Origin-Opener-Policy') &&
      trouble.push(message.text()),
  )
  page.on('request', (request) => requests.push(request))
  await page.addInitScript(() => {
    Object.assign(window, {
      seq: (cursor: string) => Number(cursor.split('.')[1]),
      nameOf: (element: Element | null) =>
        element?.getAttribute('aria-label') ??
        (element instanceof HTMLInputElement || element instanceof HTMLSelectElement
          ? element.labels?.[0]?.textContent
          : null) ??
        element?.textContent?.trim() ??
        '',
    })
  })
  await page.goto(origin + path)
  return { context, page, trouble, requests, [Symbol.asyncDispose]: () => context.close() }
}

/** What the first strip is drawn on, just left of "now": above all that waits, where only rules go by. Without a band it is bare. */
function groundOf(page: Page): Promise<string> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('fw-ladder canvas')
    const strip = document.querySelector('.strip')
    if (!canvas || !strip) return ''
    const [own, row] = [canvas.getBoundingClientRect(), strip.getBoundingClientRect()]
    const scale = canvas.width / own.width
    const [x, y] = [(own.width - 75) * scale, (row.top - own.top + row.height * 0.03) * scale]
    const pixel = canvas.getContext('2d')?.getImageData(Math.round(x), Math.round(y), 1, 1).data ?? []
    return Array.from(pixel).join(',')
  })
}

function snapshotOf(page: Page): Promise<Snapshot> {
  return page.evaluate(() => window.fourwire.snapshot())
}

function seqOf({ cursor }: Snapshot): number {
  return Number(cursor.split('.')[1])
}

async function lanesAreOn(page: Page): Promise<void> {
  await page.waitForFunction(() => window.fourwire?.snapshot().lanes.some(({ on }) => on))
}

/** Every lane that is on has measured so many. */
async function lanesHave(page: Page, n: number): Promise<void> {
  await page.waitForFunction((least) => {
    const lanes = window.fourwire?.snapshot().lanes.filter(({ on }) => on) ?? []
    return lanes.length > 0 && lanes.every((lane) => lane.n >= least)
  }, n)
}

/** Every lane brought all up to this one, which somebody wrote: its row in the chat has four figures. */
async function everyLaneReaches(page: Page, id: string): Promise<void> {
  await page.waitForFunction((last) => seq(window.fourwire.snapshot().cursor) >= seq(last), id)
  await page.waitForFunction(() =>
    Array.from(document.querySelectorAll('fw-chat tbody tr:last-child td')).every(
      (cell) => /\w/.test(cell.textContent ?? '') && !cell.querySelector('svg'),
    ),
  )
}

/** Heads and bodies of all that made the page, without the feed that it shows. */
async function bytesOf(requests: readonly Request[]): Promise<number> {
  const files = requests.filter((request) => !new URL(request.url()).pathname.startsWith('/feed/'))
  const sizes = await Promise.all(files.map((request) => request.sizes()))
  return sizes.reduce(
    (sum, { responseBodySize, responseHeadersSize }) => sum + responseBodySize + responseHeadersSize,
    0,
  )
}

async function setHidden(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(
    (state) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state })
      document.dispatchEvent(new Event('visibilitychange'))
    },
    hidden ? 'hidden' : 'visible',
  )
}
