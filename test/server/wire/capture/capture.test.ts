/** Metered bytes compared with a packet capture of the same run. */
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { EventSource } from 'eventsource'
import { expect, test } from 'vitest'
import { WebSocket as OtherWebSocket } from 'ws'
import type { Conditions } from '../../../../server/protocol/lab.ts'
import type { Lanes } from '../../../../server/protocol/wire.ts'
import { serve } from '../../../serve.ts'
import type { Served } from '../../../serve.ts'
import { until } from '../../../until.ts'
import { capture } from '../capture.ts'
import type { CapturedStream } from '../capture.ts'

const MESSAGES = 60

test('in a run of all transports with aborted requests, the server counts for each lane the bytes that tshark captured', async ({
  skip,
}) => {
  await using server = await serve()
  const captured = await capture(server.port)
  if (typeof captured === 'string') return skip(captured)
  using _ = captured
  const { streams } = captured

  const lanes = [
    eventSource(server, 'sse'),
    shortPolls(server, 'short'),
    longPolls(server, 'long'),
    longPolls(server, 'long-cut', 20),
    rawStream(server, 'sse-reset', 15, 'RST'),
    rawStream(server, 'sse-left', 25, 'FIN'),
    rawStream(server, 'sse-open', Infinity, 'FIN'),
    rawStream(server, 'stream', Infinity, 'FIN', 'stream'),
    rawStream(server, 'stream-reset', 15, 'RST', 'stream'),
    rawStream(server, 'stream-left', 25, 'FIN', 'stream'),
    conversation(server, 'ws', 40, 'close'),
    conversation(server, 'ws-cut', 30, 'terminate'),
    browserSocket(server, 'ws-browser'),
  ]
  await Promise.all(lanes.map(({ ready }) => ready))
  for (let i = 0; i < MESSAGES; i++) await publish(server, `${i} zw\u00f6lf \u{1F600} ${'x'.repeat(i * 7)}`)
  await Promise.all(lanes.map(({ done }) => done))

  // No bytes are on their way, and the server has noticed every closed connection.
  const open = () => streams.filter(({ ended, targets }) => !ended && targets.length > 0).length
  await until('the aborted connections are closed', async () => (await server.connections()) === open())
  const { metered, answerBytes } = await readLanes(server)
  await until(
    'tshark has reported the last exchange',
    () => streams.find(({ targets }) => targets[0] === '/lab/lanes')?.ended,
  )
  const seen = new Map<string, CapturedStream[]>()
  for (const stream of streams) {
    const names = new Set(stream.targets.map((target) => /lane=([\w-]+)/.exec(target)?.[1] ?? 'other'))
    expect(names.size).toBeLessThanOrEqual(1)
    for (const name of names) seen.set(name, [...(seen.get(name) ?? []), stream])
  }

  const sum = (streams: CapturedStream[], way: 'up' | 'down') => streams.reduce((sum, stream) => sum + stream[way], 0)
  const expected = Array.from(seen, ([lane, streams]) => ({
    lane,
    connections: streams.length,
    bytesUp: sum(streams, 'up'),
    // The answer with the byte counts was sent after they were read.
    bytesDown: sum(streams, 'down') - (lane === 'other' ? answerBytes : 0),
  }))
  const byName = <T extends { lane: string }>(list: T[]) => list.toSorted((a, b) => a.lane.localeCompare(b.lane))
  const found = [...metered.lanes, { lane: 'other', ...metered.other }]
  expect(
    byName(found.map(({ lane, connections, bytesUp, bytesDown }) => ({ lane, connections, bytesUp, bytesDown }))),
  ).toEqual(byName(expected))
  expect(found).toHaveLength(lanes.length + 1)
  for (const lane of metered.lanes) expect(lane.split.payload).toBeGreaterThan(1000)
}, 60_000)

test.for(['RST', 'FIN'] as const)(
  'if a cut by %s discards bytes that were under way with latency, the meter does not count them and tshark does not see them',
  { timeout: 60_000 },
  async (how, { skip }) => {
    await using server = await serve({ conditions: { latencyMs: 40 } })
    const captured = await capture(server.port)
    if (typeof captured === 'string') return skip(captured)
    using _ = captured
    const { streams } = captured
    const lanes = [
      rawStream(server, 'sse', Infinity, 'FIN'),
      rawStream(server, 'lines', Infinity, 'FIN', 'stream'),
      heldPoll(server, 'held'),
      conversation(server, 'ws', Infinity, 'close'),
    ]
    await Promise.all(lanes.map(({ ready }) => ready))
    for (let i = 0; i < 20; i++) await server.publish(`${i} ${'x'.repeat(i * 50)}`)
    const all = async () => (await readLanes(server)).metered.lanes
    await until('part of each response has left the server', async () =>
      (await all()).every(({ bytesDown }) => bytesDown > 500),
    )
    for (let i = 0; i < 20; i++) await server.publish(`${i} ${'x'.repeat(i * 50)}`)
    const cut = await server.app.inject({
      method: 'POST',
      url: '/lab/cut',
      headers: { host: 'localhost' },
      payload: { how },
    })
    expect(cut.statusCode).toBe(204)
    await Promise.all(lanes.map(({ done }) => done))

    const seen = (name: string, way: 'up' | 'down') =>
      streams.reduce(
        (sum, stream) => (stream.targets.some((target) => target.includes(`lane=${name}`)) ? sum + stream[way] : sum),
        0,
      )
    const isEqual = async () => (await all()).every(({ lane, bytesDown }) => bytesDown === seen(lane, 'down'))
    await until('tshark and the meter report the same bytes', isEqual).catch(() => {})
    const found = await all()
    expect(found).toHaveLength(lanes.length)
    for (const { lane, bytesUp, bytesDown } of found) {
      expect({ lane, bytesDown }).toEqual({ lane, bytesDown: seen(lane, 'down') })
      // The server never reads bytes that arrive after the cut. Only the clients of streams send none at that time.
      if (lane === 'sse' || lane === 'lines') expect(bytesUp).toBe(seen(lane, 'up'))
      else expect(bytesUp).toBeLessThanOrEqual(seen(lane, 'up'))
    }
  },
)

const LINES: Record<string, Partial<Conditions>> = {
  'no conditions': {},
  'latency and jitter': { latencyMs: 20, jitterMs: 30 },
  'losses and little bandwidth': { latencyMs: 5, lossRate: 0.05, bandwidthBytesPerSecond: 50_000 },
}

test.for(Object.keys(LINES))(
  'with %s, the byte counts of lanes on shared connections never fall, and equal those of tshark',
  { timeout: 60_000 },
  async (name, { skip }) => {
    await using server = await serve({ conditions: LINES[name] ?? {} })
    const captured = await capture(server.port)
    if (typeof captured === 'string') return skip(captured)
    using _ = captured
    const readings: Lanes[] = []
    // The byte counts are read without a connection, so that only the polls are counted.
    const read = async () => {
      const { body } = await server.app.inject({ url: '/lab/lanes', headers: { host: 'localhost' } })
      const reading: Lanes = JSON.parse(body)
      readings.push(reading)
      return reading
    }
    const reading = setInterval(read, 20)
    const agents = [1, 2].map((maxSockets) => new Agent({ keepAlive: true, maxSockets }))
    const lanes = ['a', 'bb', 'ccc']
    await Promise.all(agents.flatMap((agent, i) => lanes.map((lane) => polls(server, agent, `${lane}-${i}`, 12))))
    clearInterval(reading)

    const seen = (lane: string) => {
      const own = captured.streams.flatMap(({ exchanges }) =>
        exchanges.filter(({ target }) => target.endsWith(`lane=${lane}`)),
      )
      const sum = (way: 'up' | 'down') => own.reduce((sum, exchange) => sum + exchange[way], 0)
      return { lane, bytesUp: sum('up'), bytesDown: sum('down') }
    }
    const found = async () => (await read()).lanes.map(({ lane, bytesUp, bytesDown }) => ({ lane, bytesUp, bytesDown }))
    const expected = async () => (await found()).map(({ lane }) => seen(lane))
    const isEqual = async () => JSON.stringify(await found()) === JSON.stringify(await expected())
    await until('tshark and the meter report the same bytes', isEqual).catch(() => {})
    expect(await found()).toEqual(await expected())
    expect(await found()).toHaveLength(6)
    for (const agent of agents) agent.destroy()
    for (const [i, { lanes }] of readings.entries())
      for (const before of readings[i - 1]?.lanes ?? []) {
        const now = lanes.find(({ lane }) => lane === before.lane)
        expect(now?.bytesUp).toBeGreaterThanOrEqual(before.bytesUp)
        expect(now?.bytesDown).toBeGreaterThanOrEqual(before.bytesDown)
      }
  },
)

/** Polls one after the other. Every fifth one is aborted together with its connection. */
async function polls({ port }: Served, agent: Agent, lane: string, count: number): Promise<void> {
  for (let i = 1; i <= count; i++) {
    const asked = request({ port, host: '127.0.0.1', path: `/feed/lobby/poll?after=0&lane=${lane}`, agent })
    asked.on('error', () => {})
    asked.end()
    if (i % 5 === 0) await once(asked, 'finish').then(() => asked.destroy())
    else {
      const [answer] = await once(asked, 'response')
      answer.resume()
      await once(answer, 'end')
    }
  }
}

interface Lane {
  readonly ready: Promise<unknown>
  readonly done: Promise<unknown>
}

function eventSource({ origin }: Served, lane: string): Lane {
  const source = new EventSource(`${origin}/feed/lobby/sse?lane=${lane}`)
  let events = 0
  source.addEventListener('message', () => {
    events += 1
    if (events === 50) source.close()
  })
  return {
    ready: once(source, 'open'),
    done: until('the EventSource is closed', () => source.readyState === source.CLOSED),
  }
}

/** Polls with fetch, which keeps its connections. */
function shortPolls({ origin }: Served, lane: string): Lane {
  const done = async () => {
    let after = '0'
    for (let events = 0; events < MESSAGES;) {
      const answer = await fetch(`${origin}/feed/lobby/poll?lane=${lane}&after=${after}`)
      if (answer.status === 204) continue
      const news = await answer.json()
      events += news.events.length
      after = news.cursor
    }
  }
  return { ready: Promise.resolve(), done: done() }
}

/** Polls on one connection and aborts a held poll. */
function longPolls({ port }: Served, lane: string, events = MESSAGES): Lane {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let isLast = false
  const ask = (after: string) =>
    new Promise<string>((resolve) => {
      const path = `/feed/lobby/long-poll?lane=${lane}&after=${after}`
      const asked = request({ port, host: '127.0.0.1', path, agent }, async (answer) => {
        let text = ''
        for await (const piece of answer) text += String(piece)
        resolve(text)
      })
      asked.on('error', () => {})
      asked.end(() => isLast && resolve(''))
    })
  const done = async () => {
    let after = '0'
    for (let count = 0; count < events;) {
      const news = JSON.parse(await ask(after))
      count += news.events.length
      after = news.cursor
    }
    isLast = events === MESSAGES
    if (isLast) await ask(after)
    else agent.destroy()
  }
  return { ready: Promise.resolve(), done: done() }
}

/** Opens a stream and closes it after a number of events, or keeps it open. */
function rawStream({ port }: Served, lane: string, events: number, how: 'FIN' | 'RST', route = 'sse'): Lane {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(`GET /feed/lobby/${route}?lane=${lane} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  let text = ''
  const count = () => text.split('"at":').length - 1
  socket.on('data', (bytes) => {
    text += String(bytes)
    if (count() < events) return
    if (how === 'RST') socket.resetAndDestroy()
    else socket.destroy()
  })
  return {
    ready: until('the stream is open', () => text.includes('\r\n\r\n')),
    done: until('the stream has all its messages', () => socket.closed || count() === MESSAGES),
  }
}

/** Polls again after each answer, so that the last poll is held. */
function heldPoll({ port }: Served, lane: string): Lane {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  const ask = () => socket.write(`GET /feed/lobby/long-poll?after=0&lane=${lane} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  socket.on('data', (bytes) => {
    if (String(bytes).includes('"more":false}')) ask()
  })
  ask()
  return { ready: once(socket, 'connect'), done: until('the connection is cut', () => socket.closed) }
}

function conversation({ port }: Served, lane: string, events: number, how: 'close' | 'terminate'): Lane {
  const socket = new OtherWebSocket(`ws://127.0.0.1:${port}/feed/lobby/ws?lane=${lane}`)
  let count = 0
  socket.on('error', () => {})
  socket.on('message', (data) => {
    // A reset removes bytes that the server has not read from the meter, so nothing may follow the last ping.
    if (count >= events) return
    if ('at' in JSON.parse(String(data))) count += 1
    socket.send('{"type":"ping"}')
    socket.ping('p'.repeat(count))
  })
  socket.on('pong', (bytes) => {
    if (bytes.length === events) socket[how]()
  })
  return {
    ready: once(socket, 'open'),
    done: until('the WebSocket is closed', () => socket.readyState === socket.CLOSED),
  }
}

function browserSocket({ port }: Served, lane: string): Lane {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/feed/lobby/ws?lane=${lane}`)
  let count = 0
  socket.addEventListener('message', () => (count += 1))
  return { ready: once(socket, 'open'), done: until('the WebSocket has all its messages', () => count > MESSAGES) }
}

/** Publishes on a separate connection, so that no connection of a lane is used. */
async function publish({ port }: Served, text: string): Promise<void> {
  const asked = request({ port, host: '127.0.0.1', path: '/feed/lobby', method: 'POST', agent: false })
  asked.setHeader('content-type', 'application/json')
  asked.end(JSON.stringify({ user: 'Ada', text }))
  const [answer] = await once(asked, 'response')
  answer.resume()
  await once(answer, 'end')
}

/** Reads the byte counts on a separate connection. */
async function readLanes({ port }: Served) {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (bytes) => (text += String(bytes)))
  socket.write('GET /lab/lanes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  await once(socket, 'close')
  const metered: Lanes = JSON.parse(text.slice(text.indexOf('\r\n\r\n')))
  return { metered, answerBytes: Buffer.byteLength(text) }
}
