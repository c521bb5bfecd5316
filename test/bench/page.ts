/**
 * Measures the page in a real Chromium: the bytes of its first load, the load of its main thread at 20
 * messages a second on four lanes, the delay of each lane on loopback, and the distribution of short
 * polling's delays, which the model takes as uniform. Prints lines for the Measured section of
 * test/README.md. `--seconds N` sets the duration (default 60).
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { CDPSession, Page } from 'playwright'
import { transports } from '../../web/transports/index.ts'
import { kolmogorovSmirnov } from '../../web/measure/model.ts'
import { launch } from '../browser/chromium.ts'
import { spawnServer } from '../spawn.ts'
import { median } from '../compare/median.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } })
const RUN_MS = Number(values.seconds) * 1000
const RATE = 20
const INTERVAL_MS = 1000

await using server = await spawnServer('--data', ':memory:')
const browser = await launch()
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } })
  await firstLoad(page)
  await run(page)
} finally {
  await browser.close()
}

async function firstLoad(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Network.enable')
  const hosts = new Set<string>()
  let bytes = 0
  cdp.on('Network.requestWillBeSent', ({ request }) => hosts.add(new URL(request.url).origin))
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength))
  await page.goto(`${server.origin}/?rate=${RATE}&poll=${INTERVAL_MS / 1000}`)
  await page.waitForFunction(() => window.fourwire.snapshot().lanes.every(({ received }) => received > 0))
  console.log(
    `first load: ${(bytes / 1000).toFixed(0)} kB, from ${hosts.size === 1 ? 'the server alone' : [...hosts].join(' ')}`,
  )
  await cdp.detach()
}

async function run(page: Page): Promise<void> {
  await page.evaluate(watch)
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Performance.enable')
  await page.getByRole('button', { name: 'Clear' }).click()
  const before = await busySeconds(cdp)
  await page.waitForTimeout(RUN_MS)
  const after = await busySeconds(cdp)
  const { frames, longestMs } = await page.evaluate(() => window.watched)
  const share = (seconds: number) => `${((seconds / (after.at - before.at)) * 100).toFixed(1)} %`
  const busy = `${share(after.cpu - before.cpu)} of a processor, in tasks ${share(after.tasks - before.tasks)} of the time`
  const longest = longestMs === 0 ? 'no task over 50 ms' : `longest task ${longestMs.toFixed(0)} ms`
  console.log(
    `main thread at ${RATE} messages/s on four lanes: ${busy}, ${longest}, ${(frames / (RUN_MS / 1000)).toFixed(0)} frames/s`,
  )

  const { lanes, clock } = await page.evaluate(() => window.fourwire.snapshot())
  console.log(`clock: ± ${clock.boundMs?.toFixed(2)} ms`)
  for (const lane of lanes) {
    console.log(
      `${lane.transport}: p50 ${lane.p50Ms?.toFixed(2)} ms, p95 ${lane.p95Ms?.toFixed(2)} ms, expected p50 ${lane.expectedP50Ms?.toFixed(2)} ms, n ${lane.n}, lost ${lane.lost}, doubled ${lane.duplicated}`,
    )
  }
  const delays = await shortPollDelays(page)
  const pushMs = median(lanes.slice(1).map(({ p50Ms }) => p50Ms ?? NaN))
  const model = transports['short-poll'].model.delay({
    intervalMs: INTERVAL_MS,
    waitS: 25,
    roundTripMs: pushMs,
    serviceMs: pushMs / 2,
    ratePerSecond: RATE,
  })
  const { d, p } = kolmogorovSmirnov(delays, model.cdf)
  console.log(
    `short polling against the model's uniform distribution (Kolmogorov-Smirnov): D ${d.toFixed(4)}, p ${p.toFixed(3)}, n ${delays.length}`,
  )
}

/** Times of the main thread: in tasks, by the clock, including other work of the machine; and on the processor, of the thread alone. */
async function busySeconds(cdp: CDPSession): Promise<{ at: number; tasks: number; cpu: number }> {
  const { metrics } = await cdp.send('Performance.getMetrics')
  const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? NaN
  return { at: of('Timestamp'), tasks: of('TaskDuration'), cpu: of('ThreadTime') }
}

/** Reads the delays from the page's export, as a user would get them. */
async function shortPollDelays(page: Page): Promise<number[]> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'CSV' }).click(),
  ])
  const [head = '', ...rows] = (await readFile(await download.path(), 'utf8')).trim().split(/\r?\n/)
  const column = head.split(',').findIndex((name) => name.includes('short-poll'))
  return rows
    .map((row) => row.split(',')[column])
    .filter((text) => text)
    .map(Number)
    .toSorted((a, b) => a - b)
}

/** Function that runs in the page. */
function watch(): void {
  const watched = { frames: 0, longestMs: 0 }
  window.watched = watched
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) watched.longestMs = Math.max(watched.longestMs, duration)
  }).observe({ type: 'longtask' })
  const frame = () => {
    watched.frames += 1
    requestAnimationFrame(frame)
  }
  frame()
}

declare global {
  interface Window {
    watched: { frames: number; longestMs: number }
  }
}
