/** What is metered against a packet capture of the same run. */
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { EventSource } from 'eventsource'
import { expect, test } from 'vitest'
import { WebSocket as OtherWebSocket } from 'ws'
import type { Lanes } from '../../../server/protocol.ts'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'
import { capture } from './capture.ts'
import type { Stream } from './capture.ts'

const MESSAGES = 60

test('in a mixed run of all four transports with aborts, every lane\u2019s bytes are those that tshark saw', async ({
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
    conversation(server, 'ws', 40, 'close'),
    conversation(server, 'ws-cut', 30, 'terminate'),
    browserSocket(server, 'ws-browser'),
  ]
  await Promise.all(lanes.map(({ ready }) => ready))
  for (let i = 0; i < MESSAGES; i++) await publish(server, `${i} zw\u00f6lf \u{1F600} ${'x'.repeat(i * 7)}`)
  await Promise.all(lanes.map(({ done }) => done))

  // All that was under way has come to rest, and the server knows of everyone who left.
  const open = () => streams.filter(({ ended, targets }) => !ended && targets.length > 0).length
  await until('those who left have gone', async () => (await server.connections()) === open())
  const { metered, answerBytes } = await readLanes(server)
  await until('tshark has seen the end', () => streams.find(({ targets }) => targets[0] === '/lab/lanes')?.ended)
  const seen = new Map<string, Stream[]>()
  for (const stream of streams) {
    const names = new Set(stream.targets.map((target) => /lane=([\w-]+)/.exec(target)?.[1] ?? 'other'))
    expect(names.size).toBeLessThanOrEqual(1)
    for (const name of names) seen.set(name, [...(seen.get(name) ?? []), stream])
  }

  const sum = (streams: Stream[], way: 'up' | 'down') => streams.reduce((sum, stream) => sum + stream[way], 0)
  const expected = Array.from(seen, ([lane, streams]) => ({
    lane,
    connections: streams.length,
    bytesUp: sum(streams, 'up'),
    // The answer with the lanes went down after they were read.
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
  'what a cut by %s took from a line with latency is not counted, and tshark saw it no more',
  { timeout: 60_000 },
  async (how, { skip }) => {
    await using server = await serve({ conditions: { latencyMs: 40 } })
    const captured = await capture(server.port)
    if (typeof captured === 'string') return skip(captured)
    using _ = captured
    const { streams } = captured
    const lanes = [
      rawStream(server, 'sse', Infinity, 'FIN'),
      heldPoll(server, 'held'),
      conversation(server, 'ws', Infinity, 'close'),
    ]
    await Promise.all(lanes.map(({ ready }) => ready))
    for (let i = 0; i < 20; i++) await server.publish(`${i} ${'x'.repeat(i * 50)}`)
    const all = async () => (await readLanes(server)).metered.lanes
    await until('some of it has left', async () => (await all()).every(({ bytesDown }) => bytesDown > 500))
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
    await until('tshark has seen all', isEqual).catch(() => {})
    const found = await all()
    expect(found).toHaveLength(3)
    for (const { lane, bytesUp, bytesDown } of found) {
      expect({ lane, bytesDown }).toEqual({ lane, bytesDown: seen(lane, 'down') })
      // What comes up behind the cut the server never reads; only the stream's client has nothing to say then.
      if (lane === 'sse') expect(bytesUp).toBe(seen(lane, 'up'))
      else expect(bytesUp).toBeLessThanOrEqual(seen(lane, 'up'))
    }
  },
)

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
  return { ready: once(source, 'open'), done: until('it has left', () => source.readyState === source.CLOSED) }
}

/** By fetch, whose connections stay. */
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

/** On one connection of its own; leaves a poll that is held. */
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

/** A stream that its client leaves after so many events, or keeps. */
function rawStream({ port }: Served, lane: string, events: number, how: 'FIN' | 'RST'): Lane {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(`GET /feed/lobby/sse?lane=${lane} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  let text = ''
  const count = () => text.split('\ndata: ').length - 1
  socket.on('data', (bytes) => {
    text += String(bytes)
    if (count() < events) return
    if (how === 'RST') socket.resetAndDestroy()
    else socket.destroy()
  })
  return {
    ready: until('it is open', () => text.includes('retry:')),
    done: until('it has all it wants', () => socket.closed || count() === MESSAGES),
  }
}

/** Asks once more as soon as it is answered, and is held then. */
function heldPoll({ port }: Served, lane: string): Lane {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  const ask = () => socket.write(`GET /feed/lobby/long-poll?after=0&lane=${lane} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  socket.on('data', (bytes) => {
    if (String(bytes).includes('"more":false}')) ask()
  })
  ask()
  return { ready: once(socket, 'connect'), done: until('it is cut', () => socket.closed) }
}

function conversation({ port }: Served, lane: string, events: number, how: 'close' | 'terminate'): Lane {
  const socket = new OtherWebSocket(`ws://127.0.0.1:${port}/feed/lobby/ws?lane=${lane}`)
  let count = 0
  socket.on('error', () => {})
  socket.on('message', (data) => {
    if ('at' in JSON.parse(String(data))) count += 1
    socket.ping('p'.repeat(count))
    socket.send('{"type":"ping"}')
    if (count === events) socket[how]()
  })
  return { ready: once(socket, 'open'), done: until('it is over', () => socket.readyState === socket.CLOSED) }
}

function browserSocket({ port }: Served, lane: string): Lane {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/feed/lobby/ws?lane=${lane}`)
  let count = 0
  socket.addEventListener('message', () => (count += 1))
  return { ready: once(socket, 'open'), done: until('it has all', () => count > MESSAGES) }
}

/** On a connection of its own, so that none that belongs to a lane is used. */
async function publish({ port }: Served, text: string): Promise<void> {
  const asked = request({ port, host: '127.0.0.1', path: '/feed/lobby', method: 'POST', agent: false })
  asked.setHeader('content-type', 'application/json')
  asked.end(JSON.stringify({ user: 'Ada', text }))
  const [answer] = await once(asked, 'response')
  answer.resume()
  await once(answer, 'end')
}

/** On a connection of its own. */
async function readLanes({ port }: Served) {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (bytes) => (text += String(bytes)))
  socket.write('GET /lab/lanes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  await once(socket, 'close')
  const metered: Lanes = JSON.parse(text.slice(text.indexOf('\r\n\r\n')))
  return { metered, answerBytes: Buffer.byteLength(text) }
}
