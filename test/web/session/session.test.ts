/** Checks the sentences of a session and their time, with the real transports and a real server, but without a page. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { readAddress } from '../../../web/session/address.ts'
import { ageMs, quantileOf } from '../../../web/session/delays.ts'
import type { Lane } from '../../../web/lane/lane.ts'
import { openSession } from '../../../web/session/open-session.ts'
import type { SandboxSession } from '../../../web/session/session.ts'
import { snapshot } from '../../../web/session/snapshot.ts'
import { transports } from '../../../web/transports/index.ts'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'

interface Said {
  readonly sentence: string
  /** States of the lanes at that moment. */
  readonly states: readonly string[]
  readonly troubled: number
}

interface Opened extends Disposable {
  readonly session: SandboxSession
  readonly said: readonly Said[]
  sentences(): readonly string[]
  hears(pattern: RegExp): Promise<Said>
}

const { EventSource, WebSocket } = globalThis
let labs: globalThis.WebSocket[] = []
let isLabRefused = false
let isLabAway = false
beforeAll(() => {
  globalThis.EventSource = class extends EventSource {
    constructor(address: string | URL) {
      const url = String(address)
      super(isLabAway ? url.replace('/lab/sse?', '/nowhere?') : url)
    }
  }
  globalThis.WebSocket = class extends WebSocket {
    constructor(address: string | URL) {
      const url = String(address)
      const isLab = new URL(url).pathname === '/lab'
      // Imitates a proxy that refuses the lab's upgrade.
      super(isLab && isLabRefused ? url.replace('/lab?', '/nowhere?') : url)
      if (isLab) labs.push(this)
    }
  }
})
afterEach(() => {
  labs = []
  isLabRefused = false
  isLabAway = false
})
afterAll(() => {
  globalThis.EventSource = EventSource
  globalThis.WebSocket = WebSocket
})

const isUp = ({ state }: Lane): boolean => ['open', 'asking', 'pausing'].includes(state.is)

test('after a restart, the session announces all lanes as back only when all are back', async () => {
  await using server = await serve({ conditions: { latencyMs: 3 } })
  using opened = await open(server)
  opened.session.restart()
  const back = await opened.hears(/All lanes have reconnected/)
  expect(back.troubled).toBe(0)
  for (const state of back.states) expect(['open', 'asking', 'pausing']).toContain(state)
  expect(opened.session.lanes.every(isUp)).toBe(true)
})

test('after a change of the network, the session announces the lanes as back only when all are back', async () => {
  await using server = await serve()
  using opened = await open(server)
  opened.session.setNetwork({ latencyMs: 4 })
  await opened.hears(/^4 ms each way\. The lanes reconnect, and the figures start again\.$/)
  const back = await opened.hears(/^4 ms each way\. All lanes have reconnected, and the figures start again\.$/)
  expect(back.troubled).toBe(0)
  for (const state of back.states) expect(['open', 'asking', 'pausing']).toContain(state)
})

test('while a firewall refuses one lane, the session does not announce the lanes as back', async () => {
  await using server = await serve()
  using opened = await open(server)
  opened.session.setNetwork({ firewall: true, latencyMs: 2 })
  await opened.hears(/WebSocket refused/)
  const others = opened.session.lanes.filter(({ name }) => name !== 'ws')
  const goal = others.map(({ ledger }) => ledger.counts.received + 3)
  await until('the other lanes have received more messages', () =>
    others.every(({ ledger }, i) => ledger.counts.received >= (goal[i] ?? 0)),
  )
  expect(opened.sentences().filter((sentence) => /have reconnected/.test(sentence))).toEqual([])
})

test('the session does not announce a failed lane as back if the lane is switched off', async () => {
  await using server = await serve({ conditions: { firewall: true } })
  using opened = await open(server, '?lanes=ws,sse')
  const ws = laneOf(opened, 'ws')
  await until('the WebSocket lane has failed', () => ws.troubled)
  opened.session.switchOn(ws, false)
  expect(ws.troubled).toBe(false)
  expect(opened.sentences().filter((sentence) => /is back/.test(sentence))).toEqual([])
})

test('even a page without lanes notices that the server does not answer', async () => {
  const server = await serve()
  using opened = await open(server, '?lanes=none', false)
  const { session } = opened
  await until('the clock is known', () => session.clock.at(0))
  expect(session.unreachableSinceMs).toBe(null)
  await server.close()
  await until('the session has noticed that the server does not answer', () => session.unreachableSinceMs !== null)
})

test('the session does not report the server as absent if only upgrades are refused', async () => {
  await using server = await serve({ conditions: { firewall: true } })
  isLabRefused = true
  isLabAway = true
  using opened = await open(server, '?lanes=ws', false)
  const { session } = opened
  const ws = laneOf(opened, 'ws')
  await until('the WebSocket lane has failed', () => ws.troubled)
  await until('the lab has been refused several times', () => labs.length > 1)
  expect(session.unreachableSinceMs).toBe(null)
  expect(session.absences).toEqual([])
})

test('without a clock, messages arrive, but their delays and ages and the expected delay are unknown', async () => {
  await using server = await serve()
  isLabRefused = true
  isLabAway = true
  using opened = await open(server, '?poll=0.1', false)
  const { session } = opened
  await opened.hears(/^There is no clock yet, because the lab has not answered\./)
  await server.publish('one')
  await server.publish('two')
  await until('every lane has received two messages', () =>
    session.lanes.every(({ ledger }) => ledger.counts.received >= 2),
  )
  for (const lane of session.lanes) {
    expect(quantileOf(session, lane, 0.5)).toBe(null)
    expect(ageMs(session, lane)).toBe(null)
    expect(session.expected(lane)).toBe(null)
    expect(lane.latest?.delayMs).toEqual([])
  }
  for (const lane of snapshot(session).lanes) expect(lane).toMatchObject({ p50Ms: null, p95Ms: null, p99Ms: null })
})

test('if upgrades are refused, the page uses the lab over plain HTTP, and still has metronome, clock and figures', async () => {
  await using server = await serve()
  isLabRefused = true
  using opened = await open(server, '?poll=0.1&rate=10')
  const { session } = opened
  expect(session.isWithoutWebSocket).toBe(true)
  await until('every lane has measured two messages', () => session.lanes.every(({ latencies }) => latencies.n >= 2))
  await until('the bytes of every lane are known', () =>
    snapshot(session).lanes.every(({ bytesDown }) => bytesDown !== null),
  )
  expect(session.ratePerSecond).toBe(10)
  expect(session.instructor).toBe(true)
})

test('without the lab the clock is unknown, and the figures return when the lab is back', async () => {
  await using server = await serve()
  using opened = await open(server, '?poll=0.1&rate=20')
  const { session } = opened
  await until('every lane has measured three messages', () => session.lanes.every(({ latencies }) => latencies.n >= 3))
  isLabRefused = true
  for (const lab of labs) lab.close()
  await until('the clock is unknown', () => snapshot(session).clock.boundMs === null)
  for (const lane of session.lanes) {
    expect(lane.latencies.n).toBeGreaterThanOrEqual(3)
    expect(quantileOf(session, lane, 0.5)).toBe(null)
    expect(ageMs(session, lane)).toBe(null)
    expect(session.expected(lane)).toBe(null)
  }
  isLabRefused = false
  await until('every lane has its figures again', () => snapshot(session).lanes.every(({ p50Ms }) => p50Ms !== null))
})

test('a page whose thread was blocked keeps its lanes and clock, is reported as busy, and does not measure the block as a delay', async () => {
  await using server = await serve()
  using opened = await open(server, '?poll=0.1&rate=20')
  const { session } = opened
  await until('every lane has measured three messages', () => session.lanes.every(({ latencies }) => latencies.n >= 3))
  const streams = session.lanes.map(({ marks }) => marks.streams.length)
  for (const endMs = performance.now() + 1200; performance.now() < endMs;);
  const busy = await opened.hears(/^This computer was busy: this page did not run for about 1\.\d s\./)
  expect(busy.troubled).toBe(0)
  const { id } = await server.publish('after it')
  await until('every lane has the message', () => {
    const message = session.messages.all.find(({ event }) => event.id === id)
    return message && session.lanes.every((_, i) => message.receivedAtMs[i] !== undefined)
  })
  expect(session.lanes.map(({ marks }) => marks.streams.length)).toEqual(streams)
  expect(snapshot(session).clock.boundMs).not.toBe(null)
  for (const lane of session.lanes) expect(lane.latencies.sorted().at(-1)).toBeLessThan(900)
})

async function open(server: Served, search = '', hasClock = true): Promise<Opened> {
  const said: Said[] = []
  const sentences = () => said.map(({ sentence }) => sentence)
  const address = readAddress(search)
  const session = openSession(
    { origin: server.origin, address, transports, clockResolutionMs: 0.1 },
    {
      say: (sentence) =>
        said.push({
          sentence,
          states: session.lanes.filter(({ on }) => on).map(({ state }) => state.is),
          troubled: session.lanes.filter(({ on, troubled }) => on && troubled).length,
        }),
      changed() {},
      heard() {},
    },
  )
  const running = () => session.lanes.filter(({ on }) => on)
  if (hasClock)
    await until(
      'the lanes are open and the clock is known',
      () => running().length > 0 && running().some(isUp) && session.offsetMs !== null,
    )
  return {
    session,
    said,
    sentences,
    hears: (pattern) =>
      until(`the session reports a sentence that matches ${pattern}`, () =>
        said.find(({ sentence }) => pattern.test(sentence)),
      ).catch((error: Error) => {
        throw new Error(`${error.message} Said was: ${sentences().join(' | ')}`)
      }),
    [Symbol.dispose]: () => session.stop(),
  }
}

function laneOf({ session }: Opened, name: Lane['name']): Lane {
  const lane = session.lanes.find((one) => one.name === name)
  if (!lane) throw new Error(`There is no lane ${name}.`)
  return lane
}
