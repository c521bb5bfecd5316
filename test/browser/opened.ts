/** Opens a page in Chromium, and reads its state. */
import type { Browser, BrowserContext, BrowserContextOptions, Page, Request } from 'playwright'
import type { Snapshot } from '../../web/session/snapshot.ts'
import type { Served } from '../serve.ts'

export const DESK = { width: 1280, height: 720 }
export const PHONE = { width: 390, height: 844 }

declare global {
  interface Window {
    shifted: number
  }
  /** Sequence number of a cursor. `open` adds this function to the page. */
  function seq(cursor: string): number
  function nameOf(element: Element | null): string
}

interface Opened extends AsyncDisposable {
  readonly context: BrowserContext
  readonly page: Page
  /**
   * Errors, and violations of the content security policy. Chromium's note that a page without HTTPS has no process
   * of its own is left out.
   */
  readonly trouble: string[]
  readonly requests: Request[]
}

/** Opens a page in a separate context, which closes with the returned object. */
export async function open(
  browser: Browser,
  { origin }: Pick<Served, 'origin'>,
  path = '/',
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({ viewport: DESK, ...options })
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

/**
 * Background colour of the first strip, just left of the present and above all marks; transparent if there is no
 * band.
 */
export function groundOf(page: Page): Promise<string> {
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

export function snapshotOf(page: Page): Promise<Snapshot> {
  return page.evaluate(() => window.fourwire.snapshot())
}

export function seqOf({ cursor }: Snapshot): number {
  return Number(cursor.split('.')[1])
}

export async function lanesAreOn(page: Page): Promise<void> {
  await page.waitForFunction(() => window.fourwire?.snapshot().lanes.some(({ on }) => on))
}

/** Waits until every lane that is on has measured `n` messages. */
export async function lanesHave(page: Page, n: number): Promise<void> {
  await page.waitForFunction((least) => {
    const lanes = window.fourwire?.snapshot().lanes.filter(({ on }) => on) ?? []
    return lanes.length > 0 && lanes.every((lane) => lane.n >= least)
  }, n)
}

/**
 * Waits until every lane has brought all messages up to this one. It must be a chat message, whose row then shows
 * four figures.
 */
export async function everyLaneReaches(page: Page, id: string): Promise<void> {
  await page.waitForFunction((last) => seq(window.fourwire.snapshot().cursor) >= seq(last), id)
  await page.waitForFunction(() => {
    const cells = Array.from(document.querySelectorAll('fw-chat tbody tr:last-child:not(.nothing-yet) td'))
    return cells.length > 0 && cells.every((cell) => /\w/.test(cell.textContent ?? '') && !cell.querySelector('svg'))
  })
}

export async function setHidden(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(
    (state) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state })
      document.dispatchEvent(new Event('visibilitychange'))
    },
    hidden ? 'hidden' : 'visible',
  )
}
