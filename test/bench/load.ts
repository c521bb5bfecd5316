/**
 * Measures how the pages load on a slow Wi-Fi: a round trip of 150 ms and 1.6 Mbit/s, emulated by a real Chromium with
 * an empty cache. Prints lines for the Measured section of test/README.md. Times begin with the navigation, and are the
 * median of all runs with the lowest and the highest. `--runs N` sets the number of runs of each page (default 5), and
 * `--pages /,/board` chooses pages.
 */
import { parseArgs } from 'node:util'
import type { Browser } from 'playwright'
import { launch } from '../browser/chromium.ts'
import { median } from '../compare/median.ts'
import { spawnServer } from '../spawn.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    pages: { type: 'string', default: '/,/lessons,/lessons/03-short-polling,/board,/choose,/chat,/docs/server' },
  },
})
const ROUND_TRIP_MS = 150
const BYTES_PER_SECOND = 1_600_000 / 8
/** Time after the load for which layout shifts and long tasks still count. */
const WATCHED_MS = 3000

/** Kinds of requests for files of the page. The requests of the lanes are of other kinds. */
const FILES = new Set(['Document', 'Stylesheet', 'Script', 'Image', 'Font'])

interface Load {
  readonly paintMs: number
  /** Four strips are visible. NaN for a page without strips. */
  readonly stripsMs: number
  /** The page has started, all of its files are there, and all of its lanes are on. */
  readonly wholeMs: number
  readonly largestMs: number
  readonly shift: number
  readonly blockedMs: number
  readonly requests: number
  readonly kilobytes: number
}

await using server = await spawnServer('--data', ':memory:')
const browser = await launch()
try {
  for (const path of values.pages.split(',')) {
    await load(browser, path)
    const loads: Load[] = []
    for (let run = 0; run < Number(values.runs); run++) loads.push(await load(browser, path))
    print(path, loads)
  }
} finally {
  await browser.close()
}

async function load(inBrowser: Browser, path: string): Promise<Load> {
  const context = await inBrowser.newContext({ viewport: { width: 1280, height: 720 } })
  try {
    const page = await context.newPage()
    const cdp = await context.newCDPSession(page)
    let [requests, bytes] = [0, 0]
    cdp.on('Network.requestWillBeSent', ({ type }) => (requests += FILES.has(type ?? '') ? 1 : 0))
    cdp.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength))
    await cdp.send('Network.enable')
    await cdp.send('Network.setCacheDisabled', { cacheDisabled: true })
    await cdp.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: ROUND_TRIP_MS,
      downloadThroughput: BYTES_PER_SECOND,
      uploadThroughput: BYTES_PER_SECOND,
    })
    await page.addInitScript(watch)
    await page.goto(server.origin + path)
    const wholeMs = await page.waitForFunction(() => window.loading.wholeMs).then((handle) => handle.jsonValue())
    const kilobytes = bytes / 1000
    const files = requests
    await page.waitForTimeout(WATCHED_MS)
    const watched = await page.evaluate(() => window.loading)
    return { ...watched, wholeMs, requests: files, kilobytes }
  } finally {
    await context.close()
  }
}

function print(path: string, loads: readonly Load[]): void {
  const of = (name: keyof Load, digits = 0): string => {
    const all = loads.map((one) => one[name])
    const [low, middle, high] = [Math.min(...all), median(all), Math.max(...all)].map((n) => n.toFixed(digits))
    return low === high ? `${middle}` : `${middle} (${low} to ${high})`
  }
  const strips = loads.some(({ stripsMs }) => stripsMs > 0) ? `, four strips ${of('stripsMs')} ms` : ''
  console.log(
    `${path}: first paint ${of('paintMs')} ms${strips}, whole page ${of('wholeMs')} ms, largest paint ${of('largestMs')} ms, ` +
      `${of('requests')} files, ${of('kilobytes')} kB, layout shift ${of('shift', 4)}, blocked ${of('blockedMs')} ms, n ${loads.length}`,
  )
}

/** Function that runs in the page, before the page's own scripts. */
function watch(): void {
  const loading = { paintMs: NaN, stripsMs: NaN, wholeMs: 0, largestMs: NaN, shift: 0, blockedMs: 0 }
  window.loading = loading
  const observe = (type: string, each: (entry: PerformanceEntry & { value?: number }) => void) =>
    new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true })
  observe('paint', ({ name, startTime }) => {
    if (name === 'first-contentful-paint') loading.paintMs = startTime
  })
  observe('largest-contentful-paint', ({ startTime }) => (loading.largestMs = startTime))
  observe('layout-shift', ({ value = 0 }) => (loading.shift += value))
  observe('longtask', ({ duration }) => (loading.blockedMs += duration - 50))
  const areStripsThere = () => {
    const strips = Array.from(document.querySelectorAll('.strip'))
    return strips.length >= 4 && strips.every((strip) => strip.clientHeight > 0)
  }
  const isWhole = () =>
    document.readyState === 'complete' &&
    performance.getEntriesByType('navigation')[0]?.duration !== 0 &&
    !document.querySelector('.unstarted') &&
    (window.fourwire?.snapshot().lanes.some(({ on }) => on) ?? true)
  // A frame begins before its paint. So a part that is there at the beginning of a frame was painted with the frame
  // before, or is painted with this one.
  const frame = () => {
    if (Number.isNaN(loading.stripsMs) && areStripsThere()) loading.stripsMs = performance.now()
    if (loading.wholeMs === 0 && isWhole()) loading.wholeMs = performance.now()
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
}

declare global {
  interface Window {
    loading: Omit<Load, 'requests' | 'kilobytes'>
  }
}
