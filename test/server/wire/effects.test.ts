/** What each condition does to each of the four transports. Nothing is lost in any. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { expected, kolmogorovSmirnov } from '../../../web/measure/model.ts'
import { PRESETS } from '../../../server/wire/presets.ts'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'
import { exponential, seededRandom } from '../../web/measure/random.ts'
import { mean, median, openLanes, warmUp } from './lanes.ts'
import type { Lane } from './lanes.ts'

/** A machine that is busy with something else adds delays of its own to whatever is measured. */
const MEASURED = { retry: 2 }

/** What the model allows for the server's and the client's own part in an exchange. */
const EXCHANGE_MS = 1

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i))

/** Publishes so many at the moments that `gapMs` gives, whatever becomes of the ones before. */
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

async function allHave(lanes: readonly Lane[], count: number): Promise<void> {
  await until(`all have ${count}`, () => lanes.every(({ events }) => events.length >= count))
  for (const { events } of lanes) expect(events.map(({ text }) => text)).toEqual(numbers(count))
}

test('latency: what is pushed takes one way, and polls what the model says', MEASURED, async () => {
  const [count, intervalMs, ratePerSecond] = [300, 60, 40]
  await using server = await serve({ conditions: { latencyMs: 25 } })
  using lanes = openLanes(server.origin, intervalMs)
  await warmUp(server, lanes.all)
  const random = seededRandom(41)
  await publishAt(server, count, () => exponential(random, 1000 / ratePerSecond))
  await allHave(lanes.all, count + 1)
  const measured = ({ latenciesMs }: Lane) => latenciesMs().slice(1)

  for (const lane of [lanes.sse, lanes.ws]) {
    expect(median(measured(lane))).toBeGreaterThan(24)
    expect(median(measured(lane))).toBeLessThan(30)
  }
  const poll = pollTimesMs(lanes['short-poll'])
  expect(median(poll.exchanges)).toBeGreaterThan(49)
  expect(median(poll.exchanges)).toBeLessThan(65)
  // What the timers and this machine add to the interval and the round trip is no part of the model.
  const conditions = {
    intervalMs: mean(poll.pauses),
    waitS: 5,
    roundTripMs: mean(poll.exchanges) - EXCHANGE_MS,
    serviceMs: 0.5,
    ratePerSecond,
  }
  const sorted = measured(lanes['short-poll']).toSorted((a, b) => a - b)
  expect(kolmogorovSmirnov(sorted, expected('short-poll', conditions).cdf).p).toBeGreaterThan(0.01)
  const without = { ...conditions, roundTripMs: 0 }
  expect(kolmogorovSmirnov(sorted, expected('short-poll', without).cdf).p).toBeLessThan(1e-6)
  // Of the shape the model knows only the mean: it cannot know that the ways up and down are alike.
  const longPollMs = mean(measured(lanes['long-poll']))
  expect(Math.abs(longPollMs - meanOf(expected('long-poll', conditions).cdf))).toBeLessThan(6)
})

test('latency of 100 ms each way: the median of what is pushed is 100 ms and the service', MEASURED, async () => {
  await using server = await serve({ conditions: { latencyMs: 100 } })
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  await publishAt(server, 60, () => 30)
  await allHave(lanes.all, 61)
  for (const lane of [lanes.sse, lanes.ws]) {
    const medianMs = median(lane.latenciesMs().slice(1))
    expect(medianMs).toBeGreaterThan(99)
    expect(medianMs).toBeLessThan(105)
  }
  for (const lane of lanes.all) expect(Math.min(...lane.latenciesMs())).toBeGreaterThan(99)
})

test('jitter: every packet takes something of it, and nothing overtakes', MEASURED, async () => {
  await using server = await serve({ conditions: { latencyMs: 10, jitterMs: 40 } })
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  await publishAt(server, 80, () => 50)
  await allHave(lanes.all, 81)
  for (const lane of [lanes.sse, lanes.ws]) {
    const latenciesMs = lane.latenciesMs().slice(1)
    expect(Math.min(...latenciesMs)).toBeGreaterThan(9)
    expect(Math.min(...latenciesMs)).toBeLessThan(18)
    expect(Math.max(...latenciesMs)).toBeGreaterThan(42)
    expect(Math.abs(median(latenciesMs) - 31)).toBeLessThan(10)
  }
  for (const name of ['short-poll', 'long-poll'] as const)
    expect(Math.min(...lanes[name].latenciesMs())).toBeGreaterThan(9)
})

test('bandwidth: a message takes its bytes by the rate, on every lane', MEASURED, async () => {
  await using server = await serve({ conditions: { bandwidthBytesPerSecond: 20_000 } })
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  const text = 'x'.repeat(4000)
  await server.publish(text)
  await until('all have it', () => lanes.all.every(({ events }) => events.length === 2))
  for (const { name, latenciesMs, events } of lanes.all) {
    expect(events[1]?.text).toBe(text)
    expect(latenciesMs()[1], name).toBeGreaterThan(200)
    expect(latenciesMs()[1], name).toBeLessThan(320)
  }
})

test('slow reader: a message takes its bytes by the rate, on every lane', MEASURED, async () => {
  await using server = await serve({ conditions: { slowReaderBytesPerSecond: 20_000 } })
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  const text = 'x'.repeat(4000)
  await server.publish(text)
  await until('all have it', () => lanes.all.every(({ events }) => events.length === 2))
  for (const { name, latenciesMs, events } of lanes.all) {
    expect(events[1]?.text).toBe(text)
    expect(latenciesMs()[1], name).toBeGreaterThan(200)
    expect(latenciesMs()[1], name).toBeLessThan(320)
  }
})

test('slow reader: what comes faster than it reads piles up, and none of it is lost', MEASURED, async () => {
  const [count, bytesPerSecond] = [20, 10_000]
  await using server = await serve({ conditions: { slowReaderBytesPerSecond: bytesPerSecond } })
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  const text = 'x'.repeat(500)
  for (let i = 0; i < count; i++) await server.publish(text)
  await until('all have them', () => lanes.all.every(({ events }) => events.length === count + 1))
  const bytesMs = ((count * text.length) / bytesPerSecond) * 1000
  for (const { name, latenciesMs } of lanes.all) {
    expect(latenciesMs().at(-1), name).toBeGreaterThan(0.7 * bytesMs)
  }
  for (const { name, latenciesMs } of [lanes.sse, lanes.ws]) {
    expect(latenciesMs()[1], name).toBeLessThan(0.3 * bytesMs)
  }
})

test('loss: now and then a message is late by a timeout or more, and all behind it with it', async () => {
  await using server = await serve({ conditions: { lossRate: 0.1 } })
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  await publishAt(server, 150, () => 20)
  await allHave(lanes.all, 151)
  for (const { name, latenciesMs } of lanes.all) {
    expect(Math.max(...latenciesMs()), name).toBeGreaterThan(195)
    expect(Math.min(...latenciesMs()), name).toBeLessThan(20)
    // Ten messages are published while one waits for its timeout.
    expect(latenciesMs().filter((ms) => ms > 20).length, name).toBeGreaterThan(20)
  }
})

test('buffering: an event stream is held until enough is together; what is complete is not, nor a WebSocket', async () => {
  await using server = await serve({ conditions: { bufferingBytes: 8192 } })
  using lanes = openLanes(server.origin)
  const { sse, ...others } = lanes
  const quick = [others['short-poll'], others['long-poll'], others.ws]
  await warmUp(server, quick)
  await publishAt(server, 5, () => 20)
  await allHave(quick, 6)
  for (const { latenciesMs, name } of quick) expect(Math.max(...latenciesMs().slice(1)), name).toBeLessThan(100)
  expect(sse.events).toEqual([])
  for (let i = 6; sse.events.length === 0; i++) {
    expect(i).toBeLessThan(100)
    await server.publish(String(i))
    await until('the others have it', () => quick.every(({ events }) => events.length > i))
  }
  const bytes = sse.events.reduce((sum, event) => sum + JSON.stringify(event).length, 0)
  expect(bytes).toBeGreaterThan(6000)
  expect(sse.events.map(({ text }) => text)).toEqual(numbers(sse.events.length))
  // What is left behind is let go with the connection that is ended for the change.
  await server.set({ conditions: { bufferingBytes: 0 } })
  await server.publish('last')
  await until('all have it', () => lanes.all.every(({ events }) => events.at(-1)?.text === 'last'))
  expect(sse.events).toEqual(lanes.ws.events)
})

test('buffering as nginx does it: an event stream that asks not to be held is not', MEASURED, async () => {
  const conditions = PRESETS.find(({ name }) => name === 'nginx with default buffering')?.conditions ?? {}
  expect(conditions).toMatchObject({ bufferingBytes: 4096 })
  await using server = await serve({ conditions })
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  await publishAt(server, 5, () => 20)
  await allHave(lanes.all, 6)
  for (const { latenciesMs, name } of lanes.all) expect(Math.max(...latenciesMs().slice(1)), name).toBeLessThan(100)
})

test('buffering for a time: an event stream comes in bursts', MEASURED, async () => {
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

test('idle cut: a quiet stream is cut and comes back from its cursor; a poll that keeps asking is not', async () => {
  await using server = await serve({ conditions: { idleCutMs: 500 } })
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  const { 'short-poll': shortPoll, ...quiet } = lanes
  await until('the others were cut', () => [quiet['long-poll'], quiet.sse, quiet.ws].every((lane) => lane.losses() > 0))
  expect(shortPoll.losses()).toBe(0)
  await server.publish('1')
  await allHave(lanes.all, 2)
})

test('firewall: a WebSocket is refused with 403, the others do not notice, and it is back when the wall is gone', async () => {
  await using server = await serve({ conditions: { firewall: true } })
  using lanes = openLanes(server.origin)
  const { ws, ...others } = lanes
  const open = [others['short-poll'], others['long-poll'], others.sse]
  await warmUp(server, open)
  await until('it has tried', () => ws.losses() > 1)
  const refused = new WebSocket(`${server.origin.replace('http', 'ws')}/feed/lobby/ws`).on('error', () => {})
  const [, response] = await once(refused, 'unexpected-response')
  response.destroy()
  expect(response.statusCode).toBe(403)
  expect([ws.events.length, ...open.map((lane) => lane.losses())]).toEqual([0, 0, 0, 0])
  await server.set({ conditions: { firewall: false } })
  await server.publish('1')
  await allHave(lanes.all, 2)
})

test('a change reaches what is open: each lane\u2019s next event meets the new conditions', async () => {
  await using server = await serve()
  using lanes = openLanes(server.origin)
  await warmUp(server, lanes.all)
  await server.set({ conditions: { latencyMs: 100 } })
  await server.publish('1')
  await allHave(lanes.all, 2)
  for (const { name, latenciesMs } of lanes.all) expect(latenciesMs()[1], name).toBeGreaterThan(99)
})

/** How long the exchanges of a short poll took and how long its pauses, once it was warm. */
function pollTimesMs({ states }: Lane): { exchanges: number[]; pauses: number[] } {
  const times: { exchanges: number[]; pauses: number[] } = { exchanges: [], pauses: [] }
  for (const [i, { is, atMs }] of states.entries()) {
    const next = states[i + 1]
    if (next && i > 4) (is === 'asking' ? times.exchanges : times.pauses).push(next.atMs - atMs)
  }
  return times
}

/** By the layers of the distribution: the mean is what lies above it. */
function meanOf(cdf: (ms: number) => number): number {
  const stepMs = 0.1
  let sum = 0
  for (let ms = 0; ms < 1000; ms += stepMs) sum += (1 - cdf(ms)) * stepMs
  return sum
}
