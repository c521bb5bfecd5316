import { readFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TransportName } from '../../server/protocol/feed.ts'
import { serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import type { Page as Sandbox } from '../../web/sandbox/page.ts'
import { launch } from './chromium.ts'

const DESK = { width: 1280, height: 720 }
const PHONE = { width: 390, height: 844 }

/** Time limit for work that takes longer on a busy machine. */
const PATIENT = { timeout: 20_000 }
const SAID = 'for everybody to see'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('the page loads the inspector when a person first opens it, and it shows the latest poll of the lane', async () => {
  await using server = await serve()
  await server.set({ ratePerSecond: 0 })
  await using opened = await open(server, '/?poll=0.25')
  const { page, paths, trouble } = opened
  await exchanged(page, 'short-poll')
  expect(paths.filter((path) => path.endsWith('/later.js'))).toEqual([])
  await page.getByRole('button', { name: 'Code of Short polling' }).click()
  await page.getByRole('tab', { name: 'Exchange' }).click()
  await page.getByRole('tabpanel', { name: 'Exchange' }).getByText('A response without a message.').waitFor()
  await page.getByText(/^GET \/feed\/lobby\/poll\?after=\S+ HTTP\/1\.1$/).waitFor()
  await page.getByText('there is nothing new after the cursor, so the response is empty').waitFor()
  // An exchange is not stored in the address.
  await expect.poll(() => new URL(page.url()).search).not.toContain('open')
  expect(trouble).toEqual([])
})

test.for(['short-poll', 'long-poll', 'sse', 'ws'] as const)(
  'the inspector shows the same bytes of %s that a proxy counted',
  async (name) => {
    await using server = await serve()
    await server.set({ ratePerSecond: 0 })
    await using proxy = await countingProxy(server)
    await using opened = await open({ ...server, origin: proxy.origin }, `/?lanes=${name}&poll=0.1&wait=5`)
    const { page } = opened
    await exchanged(page, name)
    await server.publish(SAID)
    await page.getByRole('cell', { name: `Ada ${SAID}` }).waitFor()
    await show(page, name, await exchangeWith(page, name, SAID))
    const { up, down } = proxy.counted(name, SAID)
    const sum = `${up.toLocaleString('en')} bytes up, ${down.toLocaleString('en')} bytes down`
    await page.getByRole('tabpanel').getByText(sum).waitFor()
  },
)

test('the inspector masks other people’s messages in text, bytes and copies, but not the messages of this page', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?poll=0.1')
  const { page, context } = opened
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await exchanged(page, 'ws')
  await say(page, 'my very own words')
  await server.publish('a riddle of Ada’s')
  await expect.poll(() => page.getByRole('cell', { name: /riddle of Ada/ }).count()).toBe(1)
  for (const name of ['short-poll', 'long-poll', 'sse', 'ws'] as const) {
    await exchangeWith(page, name, 'riddle')
    const text = await everyMessage(page, name)
    expect(text, name).toContain('my very own words')
    expect(text, name).toContain('"user":"•••","text":"•••••••••••••••••"')
    expect(text, name).not.toContain('riddle')
    expect(text.replace(/ /g, ''), name).not.toContain(Buffer.from('riddle').toString('hex'))
    expect(text, name).toContain('Each • replaces a masked character: text of other people')
  }
})

test('the inspector shows how the accept value of the handshake is calculated, and explains frames bit by bit', async () => {
  await using server = await serve()
  await using opened = await open(server)
  const { page } = opened
  await exchanged(page, 'ws')
  await say(page, 'up and masked')
  await show(page, 'ws')
  await unfold(page, 'Handshake')
  await page.getByText('the value that the server sent: equal').waitFor()
  await unfold(page, 'Message')
  const frame = page.getByRole('table', { name: 'Message, line by line' })
  const rows = frame.getByRole('row')
  await rows.filter({ hasText: 'FIN' }).getByText('the message ends with this frame').waitFor()
  await rows
    .filter({ hasText: 'MASK' })
    .getByText(/^masked, like every frame from a browser/)
    .waitFor()
  await rows.filter({ hasText: 'as text' }).getByText('up and masked').waitFor()
})

test('the inspector adds new parts of a stream, and does not move the text that a person is reading', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?rate=20')
  const { page } = opened
  await exchanged(page, 'sse')
  await page.waitForFunction(() => window.fourwire.snapshot().lanes.every(({ received }) => received > 30))
  await show(page, 'sse')
  const events = page.locator('.part').filter({ hasText: /^\s*Event/ })
  await expect.poll(() => events.count()).toBeGreaterThan(4)
  expect(await events.count()).toBeLessThan(30)
  const before = await page.evaluate(() => {
    const body = document.querySelector('#panel')
    const read = document.querySelector('.bytes .meant code')
    if (!body || !read) throw new Error('Nothing is shown.')
    body.scrollTop = 60
    getSelection()?.selectAllChildren(read)
    return { text: String(getSelection()), top: read.getBoundingClientRect().top, scrollTop: body.scrollTop }
  })
  expect(before.text).not.toBe('')
  const shown = await events.count()
  await expect.poll(() => events.count(), PATIENT).toBeGreaterThan(shown + 20)
  const after = await page.evaluate(() => ({
    text: String(getSelection()),
    top: document.querySelector('.bytes .meant code')?.getBoundingClientRect().top,
    scrollTop: document.querySelector('#panel')?.scrollTop,
  }))
  expect(after).toEqual(before)
  const [, hidden = ''] = /… ([\d,]+) more before/.exec((await page.locator('.more-before').textContent()) ?? '') ?? []
  const all = await events.count()
  await page.getByRole('button', { name: /more before$/ }).click()
  await expect.poll(() => events.count()).toBeGreaterThanOrEqual(all + Math.min(50, Number(hidden)) - 2)
})

test('buttons and keys of the inspector open the previous and the next exchange', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?poll=0.25')
  const { page } = opened
  await exchanged(page, 'short-poll', 4)
  await page.getByRole('button', { name: 'Code of Short polling' }).click()
  await page.getByRole('tab', { name: 'Exchange' }).click()
  const first = await numberShown(page)
  await page.keyboard.press('[')
  await expect.poll(() => numberShown(page)).toBeLessThan(first)
  const second = await numberShown(page)
  await page.getByRole('button', { name: 'Earlier' }).click()
  await expect.poll(() => numberShown(page)).toBeLessThan(second)
  await page.keyboard.press(']')
  await expect.poll(() => numberShown(page)).toBe(second)
  await page.getByRole('button', { name: 'Later' }).click()
  await expect.poll(() => numberShown(page)).toBe(first)
  await page.keyboard.press('Escape')
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
    .toBe('Code of Short polling')
})

test('the inspector saves one exchange, or those of the last minute, as HAR, without other people’s texts', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?poll=0.25')
  const { page } = opened
  await exchanged(page, 'ws')
  await say(page, 'my very own words')
  await server.publish('a riddle of Ada’s')
  await page.getByRole('cell', { name: /riddle of Ada/ }).waitFor()
  await show(page, 'ws')
  const saved = async (button: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: button }).click(),
    ])
    const text = await readFile(await download.path(), 'utf8')
    expect(text).toContain('my very own words')
    expect(text).not.toContain('riddle')
    return { name: download.suggestedFilename(), entries: JSON.parse(text).log.entries }
  }
  const one = await saved('Save as HAR')
  expect(one.name).toBe(`fourwire-lobby-exchange-${await numberShown(page)}.har`)
  expect(one.entries).toHaveLength(1)
  expect(one.entries[0]).toHaveProperty('_webSocketMessages.1.data')

  const minute = await saved('Save the last minute')
  expect(minute.name).toBe('fourwire-lobby-minute.har')
  const kinds = minute.entries.map(({ request, _resourceType }: HarEntry) => `${request.method} ${_resourceType}`)
  for (const kind of ['GET fetch', 'GET eventsource', 'GET websocket']) expect(kinds).toContain(kind)
  await page.getByText(`Saved: ${minute.name}, ${minute.entries.length} exchanges.`).waitFor()
})

interface HarEntry {
  readonly request: { readonly method: string }
  readonly _resourceType: string
}

test('with the keyboard, a person can open the inspector from a mark of the ladder', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?poll=0.25&rate=5')
  const { page } = opened
  await exchanged(page, 'short-poll', 4)
  const ladder = page.locator('fw-ladder canvas')
  await ladder.focus()
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('Enter')
  await page.getByRole('tab', { name: 'Exchange', selected: true }).waitFor()
  await page.locator('.inspector .spans').waitFor()
  expect(await numberShown(page)).toBeGreaterThan(0)
  await page.keyboard.press('Escape')
  await expect.poll(() => ladder.evaluate((canvas) => document.activeElement === canvas)).toBe(true)
})

test('the arrow keys move the focus from one tab to the next', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?open=sse:server')
  const { page } = opened
  await page.getByRole('tab', { name: 'Server file', selected: true }).focus()
  await page.keyboard.press('ArrowLeft')
  await page.getByRole('tab', { name: 'Exchange', selected: true }).waitFor()
  await page.keyboard.press('ArrowLeft')
  await page.getByRole('tab', { name: 'Browser file', selected: true }).waitFor()
  await page.keyboard.press('ArrowRight')
  await page.getByRole('tab', { name: 'Exchange', selected: true }).waitFor()
})

test('if the inspector has no exchange to show, it explains the reason', async () => {
  await using server = await serve()
  await using opened = await open(server, '/?off=short-poll,long-poll,sse&open=sse:server')
  const { page } = opened
  await exchanged(page, 'ws')
  await page.getByRole('tab', { name: 'Exchange' }).click()
  await page.getByText('There is no exchange yet: SSE is off.').waitFor()
  await page.getByRole('switch', { name: 'SSE on' }).check()
  await page.getByText(/^A response that does not end/).waitFor()
  await show(page, 'sse', 1_000_000)
  await page.getByText('The server keeps only the bytes of the latest exchanges').waitFor()
  await server.close()
  await page.getByRole('alert').waitFor()
  await show(page, 'sse', 2_000_000)
  await page.getByText('There is no connection to the lab').waitFor()
})

test.for([
  ['light', { viewport: DESK, colorScheme: 'light' }],
  ['dark', { viewport: DESK, colorScheme: 'dark' }],
  ['phone', { viewport: PHONE, hasTouch: true, colorScheme: 'light' }],
] as const)('axe finds no violation in the inspector: %s', async ([, options]) => {
  await using server = await serve()
  await using opened = await open(server, '/?poll=0.25', options)
  const { page } = opened
  for (const name of ['short-poll', 'ws'] as const) {
    await exchanged(page, name)
    await server.publish('something to mask')
    await show(page, name)
    await page.locator('.inspector .bytes').first().waitFor()
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map(({ id, nodes }) => `${name} ${id}: ${nodes[0]?.html}`)).toEqual([])
    const size = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
    expect(size[0]).toBe(size[1])
  }
})

interface Opened extends AsyncDisposable {
  readonly page: Page
  readonly context: ReturnType<Page['context']>
  /** Paths of all requests. */
  readonly paths: string[]
  readonly trouble: string[]
}

async function open(
  { origin }: Pick<Served, 'origin'>,
  path = '/',
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({ viewport: DESK, ...options })
  context.setDefaultTimeout(PATIENT.timeout)
  const page = await context.newPage()
  const paths: string[] = []
  const trouble: string[] = []
  page.on('request', (request) => paths.push(new URL(request.url()).pathname))
  page.on('pageerror', (error) => trouble.push(error.message))
  page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()))
  await page.goto(origin + path)
  return { page, context, paths, trouble, [Symbol.asyncDispose]: () => context.close() }
}

/** Waits until the lab has reported at least `least` exchanges of this lane. */
async function exchanged(page: Page, name: TransportName, least = 1): Promise<void> {
  await expect.poll(async () => (await exchangesOf(page, name)).length, PATIENT).toBeGreaterThanOrEqual(least)
}

/** Exchanges of a lane, the latest first. */
async function exchangesOf(page: Page, transport: TransportName): Promise<number[]> {
  return page.evaluate((transport) => {
    const { exchanges } = document.querySelector('fw-page')?.session ?? {}
    const found: number[] = []
    for (
      let next = exchanges?.latest(transport) ?? null;
      next !== null;
      next = exchanges?.beside(next, transport, -1) ?? null
    )
      found.push(next)
    return found
  }, transport)
}

/** Opens an exchange as a click on its mark does. Default: the latest. */
async function show(page: Page, transport: TransportName, exchange?: number): Promise<void> {
  const shown = exchange ?? (await exchangesOf(page, transport))[0] ?? 0
  await page.evaluate((open) => document.querySelector('fw-page')?.open(open), { exchange: shown, transport })
  await page.getByText(`exchange ${shown}`, { exact: true }).waitFor()
}

async function numberShown(page: Page): Promise<number> {
  return Number((await page.getByText(/^exchange \d+$/).textContent())?.slice('exchange '.length))
}

async function unfold(page: Page, title: string): Promise<void> {
  const part: Locator = page.locator('details').filter({ has: page.getByRole('heading', { name: title }) })
  await part.waitFor()
  if (!(await part.evaluate((details: HTMLDetailsElement) => details.open))) await part.locator('summary').click()
}

/** Text that the inspector shows and copies, for each exchange of the lane with a chat message. */
async function everyMessage(page: Page, name: TransportName): Promise<string> {
  const texts: string[] = []
  for (const exchange of await exchangesWith(page, name, 'user')) {
    await show(page, name, exchange)
    await page.getByRole('button', { name: 'Copy as text' }).click()
    await page.getByText(new RegExp(`^Copied: exchange ${exchange},`)).waitFor()
    texts.push(await page.evaluate(() => navigator.clipboard.readText()))
    await page.evaluate(() =>
      document.querySelectorAll<HTMLElement>('details:not([open]) summary').forEach((summary) => summary.click()),
    )
    await page.locator('details:not([open])').waitFor({ state: 'detached' })
    texts.push((await page.locator('.inspector').textContent()) ?? '')
  }
  return texts.join('\n')
}

/** Exchanges whose bytes contain this text, as the lab reports them. */
async function exchangesWith(page: Page, name: TransportName, text: string): Promise<number[]> {
  const exchanges = await exchangesOf(page, name)
  return page.evaluate(
    async ({ exchanges, text }) => {
      const session = document.querySelector('fw-page')?.session
      const found = await Promise.all(exchanges.map((exchange) => session?.inspect(exchange)))
      return exchanges.filter((_, i) => JSON.stringify(found[i]).includes(text))
    },
    { exchanges, text },
  )
}

/** The latest exchange with this text. The page may have the message before the lab reports its exchange. */
async function exchangeWith(page: Page, name: TransportName, text: string): Promise<number> {
  await expect.poll(async () => (await exchangesWith(page, name, text)).length).toBeGreaterThan(0)
  return (await exchangesWith(page, name, text))[0] ?? 0
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Your message').fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('cell', { name: new RegExp(text) }).waitFor()
  await expect.poll(() => page.getByLabel('Your message').inputValue()).toBe('')
}

interface Counted {
  readonly name: string
  up: number
  down: number
  /** Bytes from the server, as text. */
  text: string
}

interface CountingProxy extends AsyncDisposable {
  readonly origin: string
  /** Bytes of the lane's exchange that brought this text. */
  counted(name: TransportName, text: string): Pick<Counted, 'up' | 'down'>
}

/**
 * Proxy that counts the bytes between browser and server. It relies on two facts: each request of a browser comes in
 * one piece, and the next one comes after the response.
 */
async function countingProxy({ port }: Served): Promise<CountingProxy> {
  const counted: Counted[] = []
  const proxy = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    let current: Counted = { name: '', up: 0, down: 0, text: '' }
    client.on('data', (bytes) => {
      const [, name] = /^(?:GET|POST) (?:\/feed\/lobby\/)?(\S*?)(?:\?\S*)? HTTP/.exec(bytes.toString('latin1')) ?? []
      if (name !== undefined) counted.push((current = { name, up: 0, down: 0, text: '' }))
      current.up += bytes.length
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      current.down += bytes.length
      current.text += bytes.toString('latin1')
      client.write(bytes)
    })
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      one.on('error', () => {}).on('close', () => other.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { port: own } = proxy.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${own}`,
    counted(name, text) {
      const found = counted.find((exchange) => exchange.name === PATHS[name] && exchange.text.includes(text))
      return found ?? { up: 0, down: 0 }
    },
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => proxy.close(resolve))
    },
  }
}

const PATHS: Record<TransportName, string> = {
  'short-poll': 'poll',
  'long-poll': 'long-poll',
  sse: 'sse',
  ws: 'ws',
  stream: 'stream',
}

declare global {
  interface HTMLElementTagNameMap {
    'fw-page': Sandbox
  }
}
