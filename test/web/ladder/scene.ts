import type { Event, TransportName } from '../../../server/protocol/feed.ts'
import type { TimedCrossing, Way } from '../../../web/lane/crossings.ts'
import { createLane } from '../../../web/lane/lane.ts'
import type { Lane } from '../../../web/lane/lane.ts'
import { createMessages } from '../../../web/lane/messages.ts'
import { USUAL } from '../../../web/lane/order.ts'
import type { Listener } from '../../../web/transports/transport.ts'
import type { Span } from '../../../web/ladder/geometry.ts'

/** Start of the scene on the page's and the server's clock: 21 November 2026, 08:00 UTC. */
export const BEGAN_MS = 1_795_248_000_000

const WAY: Way = { offsetMs: 0, boundMs: 0.2, oneWayMs: 20, jitterMs: 0, isBuffered: false, isLossy: false }

/** Two seconds of four real lanes with the server's report. The test calls their listeners like a transport. */
export function fixedScene() {
  const messages = createMessages()
  messages.startAt('k.0')
  const lines = new Map<TransportName, Listener>()
  const lanes = USUAL.map((name) => {
    const transport = {
      connect(_: unknown, listener: Listener) {
        lines.set(name, listener)
        return { publish: () => Promise.resolve('k.0'), typing() {}, stop() {}, leave() {} }
      },
    }
    const lane = createLane({ name, transport: name }, transport, {
      messages,
      target: () => ({ origin: '', room: 'lobby', intervalMs: 1000, waitS: 25 }),
      offsetMs: () => 0,
      changed: () => {},
      heard: () => {},
      gap: () => {},
      activity: () => {},
    })
    lane.switchOn('k.0')
    return lane
  })
  const on = (name: TransportName): { lane: Lane; line: Listener } => {
    const lane = lanes[USUAL.indexOf(name)]
    const line = lines.get(name)
    if (!lane || !line) throw new Error(`There is no lane ${name}.`)
    return { lane, line }
  }
  play(on)
  return {
    room: 'lobby',
    lanes,
    messages,
    offsetMs: 0,
    roundTripMs: 40,
    conditions: null,
    presets: [],
  }
}

export function spanOfScene(): Span {
  return {
    width: 600,
    fromMs: BEGAN_MS,
    endMs: BEGAN_MS + 2000,
    pxPerMs: 0.3,
    nowMs: BEGAN_MS + 2000,
    dense: false,
    bands: [],
    absences: [],
    folds: [],
    hiddenMs: 0,
  }
}

function play(on: (name: TransportName) => { lane: Lane; line: Listener }): void {
  const tick = event(1, 500)
  const said: Event = { ...event(2, 900), type: 'message', user: '<b>Ada', text: 'a & b "c" \u0007\u202E' }

  const short = on('short-poll')
  short.line.state({ is: 'asking', atMs: at(100) })
  short.line.state({ is: 'pausing', atMs: at(145), untilMs: 0 })
  short.line.state({ is: 'asking', atMs: at(1145) })
  short.line.events([tick, said], at(1190))
  short.lane.crossed(
    [
      request(1, 121, 312),
      { is: 'answer', up: false, exchange: 1, atMs: at(123.5), bytes: 160, status: 204 },
      request(2, 1166, 312),
      { is: 'answer', up: false, exchange: 2, atMs: at(1168), bytes: 512, status: 200, id: 'k.2' },
    ],
    WAY,
  )

  const long = on('long-poll')
  long.line.state({ is: 'asking', atMs: at(50) })
  long.line.events([tick], at(521))
  long.line.state({ is: 'asking', atMs: at(522) })
  long.line.events([said], at(921))
  long.line.state({ is: 'asking', atMs: at(922) })

  const sse = on('sse')
  sse.line.state({ is: 'connecting', atMs: at(10) })
  sse.line.state({ is: 'open', atMs: at(52) })
  sse.line.events([tick], at(521))
  sse.line.events([said], at(1400))
  sse.lane.crossed(
    [
      request(3, 30, 420),
      { is: 'head', up: false, exchange: 3, atMs: at(31), bytes: 210, status: 200 },
      { is: 'event', up: false, exchange: 3, atMs: at(500.4), bytes: 140, id: 'k.1' },
      { is: 'heartbeat', up: false, exchange: 3, atMs: at(700), bytes: 19 },
      { is: 'event', up: false, exchange: 3, atMs: at(900.5), bytes: 171, id: 'k.2' },
    ],
    { ...WAY, isLossy: true },
  )

  const ws = on('ws')
  ws.line.state({ is: 'connecting', atMs: at(10) })
  ws.line.state({ is: 'open', atMs: at(52) })
  ws.line.events([tick], at(522))
  ws.line.state({ is: 'reconnecting', atMs: at(600), untilMs: at(800), trouble: 'cut' })
  ws.line.state({ is: 'connecting', atMs: at(800) })
}

function at(ms: number): number {
  return BEGAN_MS + ms
}

function event(seq: number, ms: number): Extract<Event, { type: 'tick' }> {
  return { id: `k.${seq}`, room: 'lobby', type: 'tick', at: at(ms) }
}

function request(exchange: number, ms: number, bytes: number): TimedCrossing {
  return { is: 'request', up: true, exchange, atMs: at(ms), bytes, line: { connection: 4, isReused: exchange > 1 } }
}
