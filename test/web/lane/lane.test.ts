import { expect, test } from 'vitest'
import type { Event } from '../../../server/protocol/feed.ts'
import { now } from '../../../web/now.ts'
import { toCsv } from '../../../web/sandbox/csv.ts'
import { createLane } from '../../../web/lane/lane.ts'
import type { Surroundings } from '../../../web/lane/lane.ts'
import { createMessages } from '../../../web/lane/messages.ts'
import type { Listener, Target, ClientTransport } from '../../../web/transports/transport.ts'

/** Longer than a lane takes to settle after a connection. */
const LATER_MS = 1000

test('a lane measures each delay from acceptance by the server to receipt by the page, on the server’s clock', () => {
  const { lane, line } = begin(7_000_000)
  const receivedAtMs = now() + LATER_MS
  line().events([event('k3.1', receivedAtMs + 7_000_000 - 12.5)], receivedAtMs)
  expect(lane.latencies.n).toBe(1)
  expect(lane.latencies.quantile(0.5)?.ms).toBeCloseTo(12.5, 2)
  expect(lane.latest?.delayMs[3]).toBeCloseTo(12.5, 2)
})

test('a lane counts messages from before the page reconnected as recovered, and does not measure them', () => {
  const { lane, line } = begin()
  lane.rest('hidden')
  lane.wake()
  line().events([event('k3.1', now() - 5000)], now())
  expect(lane.latencies.n).toBe(0)
  expect(lane.ledger.counts).toMatchObject({ received: 1, recovered: 1, lost: 0 })
  expect(lane.latest?.delayMs[3]).toBeGreaterThan(4000)
})

test('a lane measures messages that a cut delayed, because the delay is a property of the transport', () => {
  const { lane, line } = begin()
  const cutAtMs = now() + LATER_MS
  line().state({ is: 'open', atMs: cutAtMs - 10 })
  line().state({ is: 'reconnecting', atMs: cutAtMs, untilMs: cutAtMs + 300, trouble: 'cut' })
  expect(lane.troubled).toBe(true)
  line().state({ is: 'connecting', atMs: cutAtMs + 300 })
  line().events([event('k3.1', cutAtMs + 100)], cutAtMs + 320)
  expect(lane.latencies.quantile(0.5)?.ms).toBeCloseTo(220, 1)
  expect(lane.ledger.counts).toMatchObject({ received: 1, recovered: 1 })
  expect(lane.troubled).toBe(false)
})

test('a lane measures only messages that were published after the page started to run again', () => {
  const { lane, line } = begin()
  const ranAgainAtMs = now() + 5000
  lane.keepOut(ranAgainAtMs)
  line().events([event('k3.1', ranAgainAtMs - 2000), event('k3.2', ranAgainAtMs + 1)], ranAgainAtMs + 4)
  expect(lane.latencies.sorted()).toHaveLength(1)
  expect(lane.latencies.quantile(0.5)?.ms).toBeCloseTo(3, 1)
  const [late, inTime] = lane.marks.arrivals[0]?.messages ?? []
  if (!late || !inTime) throw new Error('Nothing has arrived.')
  expect([lane.isKeptOut(late), lane.isKeptOut(inTime)]).toEqual([true, false])
  expect(
    toCsv([late, inTime], [lane])
      .split('\r\n')
      .map((row) => row.split(',').at(-1)),
  ).toEqual(['not measured', 'ws', '', ''])
})

test('before it measures an arrival, a lane checks whether the page was blocked', () => {
  const { lane, line, looks } = begin()
  looks.push(() => lane.keepOut(now() + 10_000))
  line().events([event('k3.1', now() + LATER_MS)], now() + LATER_MS)
  expect(lane.latencies.n).toBe(0)
})

test('a hidden lane resumes from its own cursor, and a lane that is switched on begins at the page’s cursor', () => {
  const { lane, line, targets } = begin()
  line().events([event('k3.1', now()), event('k3.2', now())], now())
  lane.rest('hidden')
  lane.wake()
  lane.switchOff()
  lane.switchOn('k3.9')
  expect(targets.map(({ after }) => after)).toEqual(['k3.0', 'k3.2', 'k3.9'])
  line().events([event('k3.10', now())], now())
  expect(lane.ledger.counts).toMatchObject({ received: 3, lost: 0, duplicated: 0 })
})

test('without a clock a lane knows no delay, and as soon as there is a clock it computes the delay', () => {
  const { lane, line } = begin(null)
  line().events([event('k3.1', 1000)], 1300)
  expect(lane.latest?.delayMs[3]).toBeUndefined()
  lane.date(-200)
  expect(lane.latest?.delayMs[3]).toBe(100)
  expect(lane.latencies.n).toBe(0)
})

test('clearing a lane’s figures does not change its ledger', () => {
  const { lane, line } = begin()
  line().events([event('k3.1', now() + LATER_MS)], now() + LATER_MS)
  lane.clear()
  expect(lane.latencies.n).toBe(0)
  expect(lane.ledger.counts.received).toBe(1)
})

/** A lane that is switched on, and the listener of its transport. */
function begin(offsetMs: number | null = 0) {
  const listeners: Listener[] = []
  const targets: Target[] = []
  const looks: (() => void)[] = []
  const transport: ClientTransport = {
    connect(target, listener) {
      targets.push(target)
      listeners.push(listener)
      return { publish: () => Promise.resolve('k3.1'), typing() {}, stop() {}, leave() {} }
    },
  }
  const messages = createMessages()
  messages.startAt('k3.0')
  const page: Surroundings = {
    messages,
    target: () => ({ origin: '', room: 'lobby', intervalMs: 1000, waitS: 25 }),
    look: () => looks.forEach((look) => look()),
    offsetMs: () => offsetMs,
    changed: () => {},
    heard: () => {},
    gap: () => {},
    activity: () => {},
  }
  const lane = createLane({ name: 'ws', transport: 'ws' }, transport, page)
  lane.switchOn('k3.0')
  const line = (): Listener => {
    const last = listeners.at(-1)
    if (!last) throw new Error('The lane has not connected.')
    return last
  }
  return { lane, line, targets, looks }
}

function event(id: string, at: number): Event {
  return { id, room: 'lobby', type: 'tick', at }
}
