/** Effects of each condition on each transport. No condition loses an event. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { transports } from '../../../web/transports/index.ts'
import { kolmogorovSmirnov } from '../../../web/measure/model.ts'
import { PRESETS } from '../../../server/wire/bend/presets.ts'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'
import { exponential, seededRandom } from '../../web/measure/random.ts'
import { median } from '../../compare/median.ts'
import { mean, openLanes, warmUp } from './lanes.ts'
import type { ConnectedLane } from './lanes.ts'

/** Options for tests that measure times, because a busy machine adds delays of its own. */
const MEASURED = { retry: 2 }

/** Time of the server and the client in one exchange, as the model assumes it. */
const EXCHANGE_MS = 1

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i))

/** Publishes events with gaps of `gapMs`, without waiting for the earlier ones. */
async function publishAt(server: Served, count: number, gapMs: () => number): Promise<void> {
  const publishing = []
  let dueMs = performance.now()
  for (let i = 1; i <= count; i++) {
    dueMs += gapMs()
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())))
    publishing.push(server.publish(String(i)))
  }
  await Promise.all(publishing)
}

async function allHave(lanes: readonly ConnectedLane[], count: number): Promise<void> {
  await until(`every lane has ${count} events`, () => lanes.every(({ events }) => events.length >= count))
  for (const { events } of lanes) expect(events.map(({ text }) => text)).toEqual(numbers(count))
}

test(
  'latency: the delay of a pushed event is one latency, and the delay of a polled event fits the model',
  MEASURED,
  async () => {
    const [count, intervalMs, ratePerSecond] = [300, 60, 40]
    await using server = await serve({ conditions: { latencyMs: 25 } })
    using lanes = openLanes(server.origin, intervalMs)
    await warmUp(server, lanes.all)
    const random = seededRandom(41)
    await publishAt(server, count, () => exponential(random, 1000 / ratePerSecond))
    await allHave(lanes.all, count + 1)
    const measured = ({ latenciesMs }: ConnectedLane) => latenciesMs().slice(1)

    for (const lane of [lanes.sse, lanes.ws, lanes.stream]) {
      expect(median(measured(lane))).toBeGreaterThan(24)
      expect(median(measured(lane))).toBeLessThan(30)
    }
    const poll = pollTimesMs(lanes['short-poll'])
    expect(median(poll.exchanges)).toBeGreaterThan(49)
    expect(median(poll.exchanges)).toBeLessThan(65)
    // The model does not include the time that timers and this machine add to the interval and the round trip.
    const conditions = {
      intervalMs: mean(poll.pauses),
      waitS: 5,
      roundTripMs: mean(poll.exchanges) - EXCHANGE_MS,
      serviceMs: 0.5,
      ratePerSecond,
    }
    const sorted = measured(lanes['short-poll']).toSorted((a, b) => a - b)
    expect(kolmogorovSmirnov(sorted, transports['short-poll'].model.delay(conditions).cdf).p).toBeGreaterThan(0.01)
    const without = { ...conditions, roundTripMs: 0 }
    expect(kolmogorovSmirnov(sorted, transports['short-poll'].model.delay(without).cdf).p).toBeLessThan(1e-6)
    // The model gives only the mean. It does not know that the latency is the same in both directions.
    const longPollMs = mean(measured(lanes['long-poll']))
    expect(Math.abs(longPollMs - meanOf(transports['long-poll'].model.delay(conditions).cdf))).toBeLessThan(6)
  },
)

test(
  'latency of 100 ms each way: the median delay of pushed events is 100 ms plus the service time',
  MEASURED,
  async () => {
    await using server = await serve({ conditions: { latencyMs: 100 } })
    using lanes = openLanes(server.origin)
    await warmUp(server, lanes.all)
    await publishAt(server, 60, () => 30)
    await allHave(lanes.all, 61)
    for (const lane of [lanes.sse, lanes.ws, lanes.stream]) {
      const medianMs = median(lane.latenciesMs().slice(1))
      expect(medianMs).toBeGreaterThan(99)
      expect(medianMs).toBeLessThan(105)
    }
    for (const lane of lanes.all) expect(Math.min(...lane.latenciesMs())).toBeGreaterThan(99)
  },
)

test('jitter: each packet is delayed by at most the jitter, and no packet overtakes another', MEASURED, async () => {
  await using server = await serve({ conditions: { latencyMs: 10, jitterMs: 40 } })
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  await publishAt(server, 80, () => 50)
  await allHave(lanes.all, 81)
  for (const lane of [lanes.sse, lanes.ws, lanes.stream]) {
    const latenciesMs = lane.latenciesMs().slice(1)
    expect(Math.min(...latenciesMs)).toBeGreaterThan(9)
    expect(Math.min(...latenciesMs)).toBeLessThan(18)
    expect(Math.max(...latenciesMs)).toBeGreaterThan(42)
    expect(Math.abs(median(latenciesMs) - 31)).toBeLessThan(10)
  }
  for (const name of ['short-poll', 'long-poll'] as const)
    expect(Math.min(...lanes[name].latenciesMs())).toBeGreaterThan(9)
})

test('bandwidth: on every lane, the delay of a message is its size divided by the rate', MEASURED, async () => {
  await using server = await serve({ conditions: { bandwidthBytesPerSecond: 20_000 } })
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  const text = 'x'.repeat(4000)
  await server.publish(text)
  await until('every lane has two events', () => lanes.all.every(({ events }) => events.length === 2))
  for (const { name, latenciesMs, events } of lanes.all) {
    expect(events[1]?.text).toBe(text)
    expect(latenciesMs()[1], name).toBeGreaterThan(200)
    expect(latenciesMs()[1], name).toBeLessThan(320)
  }
})

test('slow reader: on every lane, the delay of a message is its size divided by the rate', MEASURED, async () => {
  await using server = await serve({ conditions: { slowReaderBytesPerSecond: 20_000 } })
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  const text = 'x'.repeat(4000)
  await server.publish(text)
  await until('every lane has two events', () => lanes.all.every(({ events }) => events.length === 2))
  for (const { name, latenciesMs, events } of lanes.all) {
    expect(events[1]?.text).toBe(text)
    expect(latenciesMs()[1], name).toBeGreaterThan(200)
    expect(latenciesMs()[1], name).toBeLessThan(320)
  }
})

test(
  'slow reader: events that come faster than the client reads are queued, and no event is lost',
  MEASURED,
  async () => {
    const [count, bytesPerSecond] = [20, 10_000]
    await using server = await serve({ conditions: { slowReaderBytesPerSecond: bytesPerSecond } })
    using lanes = openLanes(server.origin)
    await warmUp(server, lanes.all)
    const text = 'x'.repeat(500)
    for (let i = 0; i < count; i++) await server.publish(text)
    await until('every lane has all events', () => lanes.all.every(({ events }) => events.length === count + 1))
    const bytesMs = ((count * text.length) / bytesPerSecond) * 1000
    for (const { name, latenciesMs } of lanes.all) {
      expect(latenciesMs().at(-1), name).toBeGreaterThan(0.7 * bytesMs)
    }
    for (const { name, latenciesMs } of [lanes.sse, lanes.ws, lanes.stream]) {
      expect(latenciesMs()[1], name).toBeLessThan(0.3 * bytesMs)
    }
  },
)

test('loss: a lost packet delays its message and all later messages by at least a timeout', async () => {
  await using server = await serve({ conditions: { lossRate: 0.1 } })
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  await publishAt(server, 150, () => 20)
  await allHave(lanes.all, 151)
  for (const { name, latenciesMs } of lanes.all) {
    expect(Math.max(...latenciesMs()), name).toBeGreaterThan(195)
    expect(Math.min(...latenciesMs()), name).toBeLessThan(20)
    // Ten messages are published while one message waits for its timeout.
    expect(latenciesMs().filter((ms) => ms > 20).length, name).toBeGreaterThan(20)
  }
})

test('buffering: the proxy holds an event stream until it has enough bytes, and lets complete answers and WebSockets pass', async () => {
  await using server = await serve({ conditions: { bufferingBytes: 8192 } })
  using lanes = openLanes(server.origin)
  const { sse, stream, ...others } = lanes
  const quick = [others['short-poll'], others['long-poll'], others.ws]
  await warmUp(server, quick)
  await publishAt(server, 5, () => 20)
  await allHave(quick, 6)
  for (const { latenciesMs, name } of quick) expect(Math.max(...latenciesMs().slice(1)), name).toBeLessThan(100)
  expect([sse.events, stream.events]).toEqual([[], []])
  for (let i = 6; sse.events.length === 0; i++) {
    expect(i).toBeLessThan(100)
    await server.publish(String(i))
    await until('the other lanes have the event', () => quick.every(({ events }) => events.length > i))
  }
  const bytes = sse.events.reduce((sum, event) => sum + JSON.stringify(event).length, 0)
  expect(bytes).toBeGreaterThan(6000)
  expect(sse.events.map(({ text }) => text)).toEqual(numbers(sse.events.length))
  // The change ends the connection, which releases the held bytes.
  await server.set({ conditions: { bufferingBytes: 0 } })
  await server.publish('last')
  await until('every lane has the last event', () => lanes.all.every(({ events }) => events.at(-1)?.text === 'last'))
  for (const { events } of [sse, stream]) expect(events).toEqual(lanes.ws.events)
})

test('buffering as in nginx: an event stream that asks for no buffering passes at once', MEASURED, async () => {
  const conditions = PRESETS.find(({ name }) => name === 'nginx with default buffering')?.conditions ?? {}
  expect(conditions).toMatchObject({ bufferingBytes: 4096 })
  await using server = await serve({ conditions })
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  await publishAt(server, 5, () => 20)
  await allHave(lanes.all, 6)
  for (const { latenciesMs, name } of lanes.all) expect(Math.max(...latenciesMs().slice(1)), name).toBeLessThan(100)
})

test('buffering with a time limit: an event stream arrives in bursts', MEASURED, async () => {
  await using server = await serve({ conditions: { bufferingBytes: 100_000, bufferingMs: 300 } })
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  await publishAt(server, 60, () => 20)
  await allHave(lanes.all, 61)
  const latenciesMs = lanes.sse.latenciesMs().slice(1)
  expect(Math.max(...latenciesMs)).toBeGreaterThan(250)
  expect(Math.max(...latenciesMs)).toBeLessThan(400)
  expect(median(latenciesMs)).toBeGreaterThan(100)
  for (const name of ['long-poll', 'ws'] as const) expect(median(lanes[name].latenciesMs())).toBeLessThan(20)
})

test('idle cut: a quiet stream is cut and continues from its cursor, and a client that keeps polling is not cut', async () => {
  await using server = await serve({ conditions: { idleCutMs: 500 } })
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  const { 'short-poll': shortPoll, ...quiet } = lanes
  await until('the silent lanes were cut', () =>
    [quiet['long-poll'], quiet.sse, quiet.ws, quiet.stream].every((lane) => lane.losses() > 0),
  )
  expect(shortPoll.losses()).toBe(0)
  await server.publish('1')
  await allHave(lanes.all, 2)
})

test('firewall: a WebSocket gets 403 until the firewall is removed, and the other transports work', async () => {
  await using server = await serve({ conditions: { firewall: true } })
  using lanes = openLanes(server.origin)
  const { ws, ...others } = lanes
  const open = [others['short-poll'], others['long-poll'], others.sse, others.stream]
  await warmUp(server, open)
  await until('the WebSocket has failed twice', () => ws.losses() > 1)
  const refused = new WebSocket(`${server.origin.replace('http', 'ws')}/feed/lobby/ws`).on('error', () => {})
  const [, response] = await once(refused, 'unexpected-response')
  response.destroy()
  expect(response.statusCode).toBe(403)
  expect([ws.events.length, ...open.map((lane) => lane.losses())]).toEqual([0, 0, 0, 0, 0])
  await server.set({ conditions: { firewall: false } })
  await server.publish('1')
  await allHave(lanes.all, 2)
})

test('a change of conditions affects open connections, beginning with the next event of each lane', async () => {
  await using server = await serve()
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  await server.set({ conditions: { latencyMs: 100 } })
  await server.publish('1')
  await allHave(lanes.all, 2)
  for (const { name, latenciesMs } of lanes.all) expect(latenciesMs()[1], name).toBeGreaterThan(99)
})

/** Returns the durations of a short poll's exchanges and of its pauses, after the warm-up. */
function pollTimesMs({ states }: ConnectedLane): { exchanges: number[]; pauses: number[] } {
  const times: { exchanges: number[]; pauses: number[] } = { exchanges: [], pauses: [] }
  for (const [i, { is, atMs }] of states.entries()) {
    const next = states[i + 1]
    if (next && i > 4) (is === 'asking' ? times.exchanges : times.pauses).push(next.atMs - atMs)
  }
  return times
}

/** Returns the mean of a distribution: the area above its curve. */
function meanOf(cdf: (ms: number) => number): number {
  const stepMs = 0.1
  let sum = 0
  for (let ms = 0; ms < 1000; ms += stepMs) sum += (1 - cdf(ms)) * stepMs
  return sum
}
