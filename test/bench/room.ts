/**
 * `npm run bench:room [-- SEATS [SECONDS]]`: a class with its stage. Each plain seat has the lab's connection, one lane
 * of the transport that the server deals to it, and sends a report each second. The stage is a real Chromium, in the
 * scene of the room. Prints what was lost and doubled, the delay of the server's event loop, and the work of the stage's
 * main thread. Seats, server and browser share this machine.
 */
import { cpus, loadavg } from 'node:os'
import { once } from 'node:events'
import { setTimeout as after } from 'node:timers/promises'
import { EventSource } from 'eventsource'
import { WebSocket } from 'ws'
import type { Event, TransportName } from '../../server/protocol/feed.ts'
import type { LabMessage } from '../../server/protocol/lab.ts'
import type { ShowNews, ShowSaying } from '../../server/protocol/show.ts'
import { createLedger } from '../../web/measure/ledger.ts'
import { transports } from '../../web/transports/index.ts'
import type { Connection } from '../../web/transports/transport.ts'
import { launch } from '../browser/chromium.ts'
import { median } from '../compare/median.ts'
import { spawnServer } from '../spawn.ts'
import { until } from '../until.ts'

const [seats = 200, seconds = 60] = process.argv.slice(2).map(Number)
const REPORT_MS = 1000
const SEAT_PAGE = 0x1000_0000
const SCENE = 'room'

// Node has no EventSource of its own.
Object.assign(globalThis, { EventSource })

interface BenchSeat {
  readonly dealt: () => TransportName | undefined
  readonly delays: number[]
  readonly ledger: ReturnType<typeof createLedger>
  readonly received: () => number
  say(saying: ShowSaying): void
  stop(): void
}

await using server = await spawnServer('--data', ':memory:')
console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString()}`)
console.log(`${seats} seats, ${seconds} s, reports every ${REPORT_MS} ms; load ${loadavg()[0]?.toFixed(1)}`)
const { room }: { room: string } = await (await fetch(`${server.origin}/show`)).json()
const browser = await launch()
const all: BenchSeat[] = []
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } })
  await page.goto(`${server.origin}/stage`)
  for (let i = 0; i < seats; i++) all.push(await takeSeat(i))
  const guide = await enter('00000001')
  guide.say({ say: 'take' })
  guide.say({ say: 'go', scene: SCENE, step: 'predict' })
  guide.say({ say: 'go', scene: SCENE, step: 'run' })
  await until('every seat has a message', () => all.every(({ received }) => received() > 0), 60_000)
  await after(3000)

  for (const { delays } of all) delays.length = 0
  await loopDelays()
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Performance.enable')
  const before = await busyOf()
  await after(seconds * 1000)
  const busy = await busyOf()
  const loop = await loopDelays()
  const share = (of: 'cpu' | 'tasks') => `${(((busy[of] - before[of]) / (busy.at - before.at)) * 100).toFixed(1)} %`
  console.log(`stage: ${share('cpu')} of a processor, in tasks ${share('tasks')} of the time`)
  console.log(`event loop of the server: ${loop}`)

  const counts = all.map(({ ledger }) => ledger.counts)
  const sum = (of: 'received' | 'lost' | 'duplicated') => counts.reduce((total, count) => total + count[of], 0)
  console.log(`messages: ${sum('received')} received, ${sum('lost')} lost, ${sum('duplicated')} doubled`)
  for (const name of new Set(all.map(({ dealt }) => dealt()))) {
    const of = all.filter(({ dealt }) => dealt() === name)
    console.log(`${name}: ${of.length} seats, p50 ${median(of.flatMap(({ delays }) => delays)).toFixed(1)} ms`)
  }
  console.log(`load ${loadavg()[0]?.toFixed(1)}`)

  async function busyOf(): Promise<{ at: number; cpu: number; tasks: number }> {
    const { metrics } = await cdp.send('Performance.getMetrics')
    const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? NaN
    return { at: of('Timestamp'), cpu: of('ThreadTime'), tasks: of('TaskDuration') }
  }
} finally {
  for (const seat of all) seat.stop()
  await browser.close()
}
process.exit()

/** Returns the lines of the metrics about the event loop. */
async function loopDelays(): Promise<string> {
  const text = await (await fetch(`${server.origin}/metrics`)).text()
  const found = text.matchAll(/^fourwire_event_loop_delay_seconds\{of="(\w+)"\} (\S+)$/gm)
  return Array.from(found, ([, of, seconds]) => `${of} ${(Number(seconds) * 1000).toFixed(1)} ms`).join(', ')
}

/** Opens the lab of the class as a page does. */
async function enter(page: string, heard: (message: LabMessage | ShowNews) => void = () => {}) {
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/lab?room=${room}&page=${page}`)
  socket.on('message', (data) => heard(JSON.parse(String(data))))
  await once(socket, 'open')
  return {
    say: (saying: ShowSaying) => socket.send(JSON.stringify({ type: 'show', ...saying })),
    stop: () => socket.terminate(),
  }
}

async function takeSeat(i: number): Promise<BenchSeat> {
  const page = (SEAT_PAGE + i).toString(16)
  const ledger = createLedger()
  const delays: number[] = []
  let dealt: TransportName | undefined
  let lane: Connection | undefined
  let received = 0
  const lab = await enter(page, (message) => {
    if (message.type !== 'show' || message.tell !== 'seat' || lane) return
    dealt = message.seat.dealt
    lane = connect(dealt)
  })
  lab.say({ say: 'sit', key: `bench-seat-${i}`, name: '' })
  const timer = setInterval(report, REPORT_MS)
  await until('the seat has a lane', () => lane)
  return {
    delays,
    ledger,
    dealt: () => dealt,
    received: () => received,
    say: lab.say,
    stop() {
      clearInterval(timer)
      lane?.stop()
      lab.stop()
    },
  }

  function connect(name: TransportName): Connection {
    const target = { origin: server.origin, room, lane: `${page}.${name}`, after: '0', intervalMs: 1000, waitS: 25 }
    return transports[name].connect(target, {
      events: (events) => events.forEach(take),
      gap: (cursor) => void ledger.gap(cursor),
      state() {},
    })
  }

  function take(event: Event): void {
    received += 1
    ledger.receive(event.id, false)
    // Server and seats share this machine, and so its clock.
    delays.push(performance.timeOrigin + performance.now() - event.at)
  }

  function report(): void {
    if (!dealt) return
    const { lost, duplicated } = ledger.counts
    const p50Ms = delays.length === 0 ? null : Math.max(0, median(delays))
    lab.say({
      say: 'report',
      report: { transport: dealt, p50Ms, n: delays.length, boundMs: 0, lost, doubled: duplicated },
    })
  }
}
