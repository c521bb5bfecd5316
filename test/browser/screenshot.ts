/**
 * Makes the README's picture, or pictures of the page in all sizes and states, from a real run:
 *
 *   node server/launch.js test/browser/screenshot.ts test/browser/sandbox.png
 *   node server/launch.js test/browser/screenshot.ts /tmp/pictures/
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright'
import { spawnServer } from '../spawn.ts'
import { launch } from './chromium.ts'

const DESK = { viewport: { width: 1280, height: 720 } }
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, deviceScaleFactor: 2 }
/**
 * Number of messages to measure: enough to show p95 in the README's picture. The other pictures only show the layout.
 */
const MEASURED = { readme: 80, layout: 12 }

interface Picture {
  readonly name: string
  readonly query?: string
  readonly options?: BrowserContextOptions
}

const PICTURES: readonly Picture[] = [
  { name: '1280x720-light' },
  { name: '1280x720-dark', query: '?theme=dark' },
  { name: '1280x720-code', query: '?open=long-poll:browser' },
  { name: '1280x720-how-to-read', query: '?open=help' },
  { name: '1280x720-table', query: '?view=table' },
  { name: '1280x720-two-off', query: '?lanes=short-poll,ws' },
  { name: '1920x1080-light', options: { viewport: { width: 1920, height: 1080 } } },
  { name: '1024x768-light', options: { viewport: { width: 1024, height: 768 } } },
  { name: '820x1180-light', options: { viewport: { width: 820, height: 1180 } } },
  { name: '390x844-light', options: PHONE },
  { name: '390x844-settings', query: '?open=settings', options: PHONE },
  { name: '1280x720-class', query: '?open=class' },
  { name: '1280x720-chat-hidden', query: '?chat=hidden' },
  { name: '390x844-class', query: '?open=class&theme=dark', options: PHONE },
]

const CHAT: readonly (readonly [string, string])[] = [
  ['Noor', 'is this thing live?'],
  ['Mateo', 'yes, four times'],
  ['Yuki', 'which one are you reading?'],
  ['Ada', 'the blue one. you?'],
  ['Lena', 'orange, I am always late'],
  ['Noor', 'half a second, typically'],
  ['Ada', 'never more than one'],
  ['Mateo', 'cut the line and see'],
]

const [target = 'test/browser/sandbox.png'] = process.argv.slice(2)
await using server = await spawnServer('--data', ':memory:')
const browser = await launch()
try {
  if (target.endsWith('.png')) await one(browser, { name: '' }, target, MEASURED.readme)
  else {
    await mkdir(target, { recursive: true })
    // The pictures are made one after the other, because pages that run at the same time would delay each other.
    for (const picture of PICTURES) await one(browser, picture, join(target, `${picture.name}.png`), MEASURED.layout)
  }
} finally {
  await browser.close()
}

async function one(by: Browser, { query = '', options = DESK }: Picture, path: string, n: number): Promise<void> {
  const context = await by.newContext({ colorScheme: 'light', ...options })
  const page = await context.newPage()
  await page.goto(`${server.origin}/${query}`)
  await talkUntil(page, n)
  await page.screenshot({ path })
  await context.close()
  process.stdout.write(`${path}\n`)
}

/** Publishes chat messages from time to time until every lane that is on has measured `n` messages. */
async function talkUntil(page: Page, n: number): Promise<void> {
  for (let i = 0; (await measured(page)) < n; i++) {
    const [user, text] = CHAT[i % CHAT.length] ?? ['', '']
    await publish(user, text)
    const goal = Math.min(n, (await measured(page)) + 7)
    await page.waitForFunction(
      (least) => window.fourwire.snapshot().lanes.every((lane) => !lane.on || lane.n >= least),
      goal,
      { timeout: 60_000 },
    )
  }
  const [user, text] = CHAT[0] ?? ['', '']
  await publish(user, text)
  // The last message then stands in the left half of the strips, and every lane has brought it.
  const last = await measured(page)
  await page.waitForFunction(
    (least) => window.fourwire.snapshot().lanes.every((lane) => !lane.on || lane.n >= least),
    last + 3,
    { timeout: 60_000 },
  )
}

async function measured(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      Math.min(
        ...(window.fourwire
          ?.snapshot()
          .lanes.filter(({ on }) => on)
          .map((lane) => lane.n) ?? [0]),
        1e9,
      ) % 1e9,
  )
}

async function publish(user: string, text: string): Promise<void> {
  const answer = await fetch(`${server.origin}/feed/lobby`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, text }),
  })
  if (!answer.ok) throw new Error(await answer.text())
}
