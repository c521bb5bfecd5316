import { expect, test } from 'vitest'
import type { Event } from '../../../server/protocol.ts'
import { now } from '../../../web/now.ts'
import { createLane } from '../../../web/state/lane.ts'
import type { Surroundings } from '../../../web/state/lane.ts'
import { createMessages } from '../../../web/state/messages.ts'
import type { Listener, Target, Transport } from '../../../web/transports/transport.ts'

/** Longer than a lane takes to settle after it was connected. */
const LATER_MS = 1000

test('measures from acceptance to receipt, on the server’s clock', () => {
  const { lane, line } = begin(7_000_000)
  const receivedAtMs = now() + LATER_MS
  line().events([event('k3.1', receivedAtMs + 7_000_000 - 12.5)], receivedAtMs)
  expect(lane.latencies.n).toBe(1)
  expect(lane.latencies.quantile(0.5)?.ms).toBeCloseTo(12.5, 2)
  expect(lane.latest?.delayMs[3]).toBeCloseTo(12.5, 2)
})

test('keeps out what was published before the page itself came back, and counts it as recovered', () => {
  const { lane, line } = begin()
  lane.rest('hidden')
  lane.wake()
  line().events([event('k3.1', now() - 5000)], now())
  expect(lane.latencies.n).toBe(0)
  expect(lane.ledger.counts).toMatchObject({ received: 1, recovered: 1, lost: 0 })
  expect(lane.latest?.delayMs[3]).toBeGreaterThan(4000)
})

test('measures what a cut made late: that is what the transport does', () => {
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

test('resumes from its own cursor, and is switched on from the page’s', () => {
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

test('knows no delay without a clock, and fills it in when there is one', () => {
  const { lane, line } = begin(null)
  line().events([event('k3.1', 1000)], 1300)
  expect(lane.latest?.delayMs[3]).toBeUndefined()
  lane.date(-200)
  expect(lane.latest?.delayMs[3]).toBe(100)
  expect(lane.latencies.n).toBe(0)
})

test('starts its figures again without touching the ledger', () => {
  const { lane, line } = begin()
  line().events([event('k3.1', now() + LATER_MS)], now() + LATER_MS)
  lane.clear()
  expect(lane.latencies.n).toBe(0)
  expect(lane.ledger.counts.received).toBe(1)
})

/** A lane that is on, and the line on which its transport speaks. */
function begin(offsetMs: number | null = 0) {
  const listeners: Listener[] = []
  const targets: Target[] = []
  const transport: Transport = {
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
    offsetMs: () => offsetMs,
    changed: () => {},
    heard: () => {},
    gap: () => {},
    stirred: () => {},
  }
  const lane = createLane({ name: 'ws', transport: 'ws' }, transport, page)
  lane.switchOn('k3.0')
  const line = (): Listener => {
    const last = listeners.at(-1)
    if (!last) throw new Error('The lane has not connected.')
    return last
  }
  return { lane, line, targets }
}

function event(id: string, at: number): Event {
  return { id, room: 'lobby', type: 'tick', at }
}
