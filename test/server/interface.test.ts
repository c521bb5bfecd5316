/** Tests of the public interface, as clients of other authors use it. */
import { connect } from 'node:net'
import { EventSource } from 'eventsource'
import { createParser } from 'eventsource-parser'
import type { EventSourceMessage } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryLog } from '../../server/feed/memory-log.ts'
import type { Event, PollAnswer } from '../../server/protocol/feed.ts'
import { serve } from '../serve.ts'
import { until } from '../until.ts'

const get = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(url, { headers })
  const text = await response.text()
  return { status: response.status, headers: response.headers, json: text === '' ? null : JSON.parse(text) }
}

describe('a publish', () => {
  test('gets 201 with the event, and 200 with the same event if the key is repeated', async () => {
    await using server = await serve()
    const post = (text: string) =>
      fetch(`${server.origin}/feed/lobby`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
        body: JSON.stringify({ user: 'Ada', text }),
      })
    const first = await post('hello')
    expect(first.status).toBe(201)
    const event: Event = await first.json()
    expect(event).toMatchObject({ room: 'lobby', type: 'message', user: 'Ada', text: 'hello' })
    expect(event.id).toMatch(/^[a-z0-9]+\.1$/)
    expect(Math.abs(event.at - Date.now())).toBeLessThan(1000)
    const again = await post('hello')
    expect(again.status).toBe(200)
    expect(await again.json()).toEqual(event)
  })

  test('may have a key of another user, but not a key that the same user has used for a different request', async () => {
    await using server = await serve()
    const post = async (path: string, body: object) => {
      const response = await fetch(server.origin + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': '1' },
        body: JSON.stringify(body),
      })
      return { status: response.status, json: await response.json() }
    }
    const say = (user: string, text: string) => post('/feed/lobby', { user, text })
    const change = (user: string, id: string) =>
      post('/boards/lobby', { user, type: 'task_created', task: { id, title: 'Draw a map' } })
    const reused = {
      status: 422,
      json: { code: 'key-reused', detail: expect.stringMatching(/"Ada" used the key "1"/) },
    }

    const eve = await say('Eve', 'I am first')
    expect(await say('Ada', 'so am I')).toMatchObject({ status: 201, json: { user: 'Ada', text: 'so am I' } })
    expect(await say('Eve', 'I am first')).toEqual({ ...eve, status: 200 })
    expect(await say('Ada', 'I am not')).toMatchObject(reused)
    expect(await change('Ada', 'a')).toMatchObject(reused)
    expect(await change('Ben', 'a')).toMatchObject({ status: 201, json: { key: '1', user: 'Ben' } })
    expect(await change('Cy', 'b')).toMatchObject({ status: 201, json: { key: '1', user: 'Cy' } })
    expect(await change('Ben', 'a')).toMatchObject({ status: 200, json: { user: 'Ben' } })
    expect(await change('Ben', 'c')).toMatchObject({ status: 422, json: { code: 'key-reused' } })
    expect(await say('Ben', 'a')).toMatchObject({ status: 422, json: { code: 'key-reused' } })
  })

  test('with a key that was used over a WebSocket gets the same event by POST, for the same user and text', async () => {
    await using server = await serve()
    const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/feed/lobby/ws`)
    const heard: { type: string; code?: string; id?: string }[] = []
    socket.addEventListener('message', ({ data }) => heard.push(JSON.parse(data)))
    await until('the WebSocket has received its first message', () => heard.length === 1)
    const answerTo = async (user: string, text: string) => {
      const before = heard.length
      socket.send(JSON.stringify({ type: 'message', user, text, key: '1' }))
      const isAnswer = ({ type }: { type: string }) => type === 'accepted' || type === 'error'
      await until('the message is answered', () => heard.slice(before).some(isAnswer))
      return heard.slice(before).find(isAnswer)
    }
    const eve = await answerTo('Eve', 'hello')
    const ada = await answerTo('Ada', 'hello')
    expect(ada).toMatchObject({ type: 'accepted', key: '1' })
    expect(ada?.id).not.toBe(eve?.id)
    expect(await answerTo('Eve', 'hello')).toEqual(eve)
    expect(await answerTo('Ada', 'bye')).toMatchObject({ type: 'error', code: 'key-reused' })
    const response = await fetch(`${server.origin}/feed/lobby`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': '1' },
      body: JSON.stringify({ text: 'hello', user: 'Eve' }),
    })
    expect([response.status, (await response.json()).id]).toEqual([200, eve?.id])
    socket.close()
  })
})

describe.each(['poll', 'long-poll'])('%s', (path) => {
  test('without a cursor gets a response at once, with no events and the current cursor', async () => {
    await using server = await serve()
    const { id } = await server.publish('1')
    const { status, json, headers } = await get(`${server.origin}/feed/lobby/${path}`)
    expect(status).toBe(200)
    expect(json).toEqual({ events: [], cursor: id, gap: false, more: false })
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test('gets the events after its cursor', async () => {
    await using server = await serve()
    const [first, second] = [await server.publish('1'), await server.publish('2')]
    expect((await get(`${server.origin}/feed/lobby/${path}?after=0`)).json).toEqual({
      events: [first, second],
      cursor: second.id,
      gap: false,
      more: false,
    })
    expect((await get(`${server.origin}/feed/lobby/${path}?after=${first.id}`)).json.events).toEqual([second])
  })

  test('with a limit gets that many events, the cursor of the last of them, and "more"', async () => {
    await using server = await serve()
    const events = [await server.publish('1'), await server.publish('2'), await server.publish('3')]
    const { json } = await get(`${server.origin}/feed/lobby/${path}?after=0&limit=2`)
    expect(json).toEqual({ events: events.slice(0, 2), cursor: events[1]?.id, gap: false, more: true })
  })

  test('with the parameter "last" gets the last events', async () => {
    await using server = await serve()
    await server.publish('1')
    const events = [await server.publish('2'), await server.publish('3')]
    expect((await get(`${server.origin}/feed/lobby/${path}?last=2`)).json.events).toEqual(events)
  })

  test('with a cursor of an earlier log gets a gap, even in an empty room', async () => {
    await using server = await serve()
    const { status, json } = await get(`${server.origin}/feed/empty/${path}?after=gone.12`)
    expect(status).toBe(200)
    expect(json).toMatchObject({ events: [], gap: true, more: false })
    expect(json.cursor).toMatch(/\.0$/)
  })

  test('with a very large limit gets at most 500 events', async () => {
    await using server = await serve()
    for (let i = 0; i < 510; i++) await server.publish(String(i))
    const { json }: { json: PollAnswer | null } = await get(`${server.origin}/feed/lobby/${path}?after=0&limit=100000`)
    expect(json?.events).toHaveLength(500)
    expect(json?.more).toBe(true)
  })
})

test('a short poll gets 204 without a body if there are no new events', async () => {
  await using server = await serve()
  const { id } = await server.publish('1')
  expect(await get(`${server.origin}/feed/lobby/poll?after=${id}`)).toMatchObject({ status: 204, json: null })
})

describe('a long poll', () => {
  test('is held until an event is published, and then gets that event', async () => {
    await using server = await serve()
    const { id } = await server.publish('1')
    const held = get(`${server.origin}/feed/lobby/long-poll?after=${id}&wait=30`)
    const next = await server.publish('2')
    expect((await held).json.events).toEqual([next])
  })

  test('gets 204 when its wait is over and there is no event', async () => {
    await using server = await serve()
    const { id } = await server.publish('1')
    const began = performance.now()
    const { status, headers } = await get(`${server.origin}/feed/lobby/long-poll?after=${id}&wait=0.3`)
    const tookMs = performance.now() - began
    expect(status).toBe(204)
    expect(headers.get('preference-applied')).toBe('wait=0.3')
    expect(tookMs).toBeGreaterThan(265)
    // This is far below the default of 25 s, and far enough above 0.3 s for a busy machine.
    expect(tookMs).toBeLessThan(3000)
  })

  test('with a wait of 0 gets a response at once', async () => {
    await using server = await serve()
    const { id } = await server.publish('1')
    expect((await get(`${server.origin}/feed/lobby/long-poll?after=${id}&wait=0`)).status).toBe(204)
  })

  test.each([
    ['a wait above 30 counts as 30', '&wait=1000000000', undefined, 'wait=30'],
    ['Prefer: wait is obeyed', '', 'wait=10', 'wait=10'],
    ['Prefer: wait beside other preferences is obeyed', '', 'respond-async, wait=7', 'wait=7'],
    ['the query has priority over Prefer', '&wait=3', 'wait=10', 'wait=3'],
    ['an invalid Prefer is ignored', '', 'wait=abc', 'wait=25'],
    ['a negative Prefer is ignored', '', 'wait=-1', 'wait=25'],
    ['the wait is 25 s without a query and without Prefer', '', undefined, 'wait=25'],
  ])('%s', async (_what, query, prefer, applied) => {
    await using server = await serve()
    const { id } = await server.publish('1')
    await server.publish('2')
    const { headers } = await get(
      `${server.origin}/feed/lobby/long-poll?after=${id}${query}`,
      prefer === undefined ? {} : { prefer },
    )
    expect(headers.get('preference-applied')).toBe(applied)
  })

  test.each(['end', 'destroy', 'resetAndDestroy'] as const)(
    'is no longer held after its client has closed the connection (%s)',
    async (leave) => {
      await using server = await serve()
      const { id } = await server.publish('1')
      const socket = connect(server.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write(`GET /feed/lobby/long-poll?after=${id} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      await until('the server has the connection', async () => (await server.connections()) > 0)
      socket[leave]()
      await until('the server has no open connection', async () => {
        server.app.server.closeIdleConnections()
        return (await server.connections()) === 0
      })
    },
  )
})

describe('an event stream', () => {
  test('begins with a retry time and an id, and has headers that prevent buffering by proxies', async () => {
    await using server = await serve()
    const { id } = await server.publish('1')
    const response = await fetch(`${server.origin}/feed/lobby/sse`)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    expect(await firstChunk(response)).toMatch(new RegExp(`^retry: [12]\\d{3}\nid: ${id}\n\n$`))
  })

  test('has a different retry time at each request', async () => {
    await using server = await serve()
    const times = await Promise.all(
      Array.from(
        { length: 20 },
        async () => (await firstChunk(await fetch(`${server.origin}/feed/lobby/sse`))).split('\n')[0],
      ),
    )
    expect(new Set(times).size).toBeGreaterThan(10)
  })

  test('delivers each event with its id as a message to a plain EventSource', async () => {
    await using server = await serve()
    const first = await server.publish('1')
    const got: [string, Event][] = []
    const source = new EventSource(`${server.origin}/feed/lobby/sse?after=0`)
    source.onmessage = ({ lastEventId, data }) => got.push([lastEventId, JSON.parse(data)])
    await until('the first event has arrived', () => got.length === 1)
    const second = await server.publish('2')
    await until('the second event has arrived', () => got.length === 2)
    source.close()
    expect(got).toEqual([
      [first.id, first],
      [second.id, second],
    ])
  })

  test('begins after Last-Event-ID even if the URL also has "after", as when an EventSource reconnects', async () => {
    await using server = await serve()
    const [, second, third] = [await server.publish('1'), await server.publish('2'), await server.publish('3')]
    const response = await fetch(`${server.origin}/feed/lobby/sse?after=0`, {
      headers: { 'last-event-id': second?.id ?? '' },
    })
    expect(await events(response, 1)).toMatchObject([{ id: third?.id }])
  })

  test.each([
    ['an invalid Last-Event-ID', '', { 'last-event-id': 'garb age' }],
    ['an invalid cursor in the URL', '?after=garbage', {}],
    ['a cursor of another epoch', '?after=gone.3', {}],
  ])(
    'with %s begins with a gap event, because an error would end an EventSource for good',
    async (_what, query, headers) => {
      await using server = await serve()
      const event = await server.publish('1')
      const response = await fetch(`${server.origin}/feed/lobby/sse${query}`, { headers })
      expect(response.status).toBe(200)
      const [gap, first] = await events(response, 2)
      const cursor = `${event.id.split('.')[0]}.0`
      expect(gap).toMatchObject({ event: 'gap', id: cursor, data: JSON.stringify({ type: 'gap', cursor }) })
      expect(first).toMatchObject({ id: event.id })
    },
  )

  test('reports a gap only once to an EventSource that reconnects', async () => {
    await using server = await serve()
    const response = await fetch(`${server.origin}/feed/lobby/sse?after=gone.3`)
    const [gap] = await events(response, 1)
    const again = await fetch(`${server.origin}/feed/lobby/sse?after=gone.3`, {
      headers: { 'last-event-id': gap?.id ?? '' },
    })
    const next = await server.publish('1')
    expect(await events(again, 1)).toMatchObject([{ id: next.id }])
  })

  test('delivers any text unchanged to an independent parser', async () => {
    await using server = await serve({ log: memoryLog() })
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({
            unit: fc.oneof(
              fc.constantFrom('\r', '\n', '\r\n', '\0', '\ufeff', '\u2028', ':', 'data:'),
              fc.string({ unit: 'binary', minLength: 1 }),
            ),
            minLength: 1,
            maxLength: 40,
          }),
          { minLength: 1, maxLength: 5 },
        ),
        async (texts) => {
          const room = `r${Math.random().toString(36).slice(2)}`
          const published = []
          for (const text of texts) published.push(await server.publish(text, room))
          const parsed = await events(await fetch(`${server.origin}/feed/${room}/sse?after=0`), texts.length)
          expect(parsed.map(({ data }) => JSON.parse(data))).toEqual(published)
          expect(published.map(({ text }) => text)).toEqual(texts.map((text) => text.toWellFormed()))
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe('streaming HTTP', () => {
  /** Returns the first lines of the response, parsed. */
  async function lines(response: Response, count: number): Promise<unknown[]> {
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true })
      if (text.split('\n').length > count) break
    }
    return text
      .split('\n')
      .slice(0, count)
      .map((line) => JSON.parse(line))
  }

  test('begins with its cursor, sends each event as a line, and has headers that prevent buffering by proxies', async () => {
    await using server = await serve()
    const first = await server.publish('1')
    const response = await fetch(`${server.origin}/feed/lobby/stream?after=0`)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/x-ndjson; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    const read = lines(response, 3)
    const second = await server.publish('line\nbreak')
    const cursor = `${first.id.split('.')[0]}.0`
    expect(await read).toEqual([{ type: 'connected', cursor }, first, second])
  })

  test('with "last" begins with the last events, and without a cursor it begins with the next event', async () => {
    await using server = await serve()
    const [, second] = [await server.publish('1'), await server.publish('2')]
    const [, event] = await lines(await fetch(`${server.origin}/feed/lobby/stream?last=1`), 2)
    expect(event).toEqual(second)
    const [connected] = await lines(await fetch(`${server.origin}/feed/lobby/stream`), 1)
    expect(connected).toEqual({ type: 'connected', cursor: second.id })
  })

  test('reports a gap after its cursor, and continues with the earliest event kept', async () => {
    await using server = await serve()
    const event = await server.publish('1')
    const response = await fetch(`${server.origin}/feed/lobby/stream?after=gone.3`)
    const cursor = `${event.id.split('.')[0]}.0`
    expect(await lines(response, 3)).toEqual([{ type: 'connected', cursor }, { type: 'gap', cursor }, event])
  })

  test('sends heartbeats while there are no events', async () => {
    await using server = await serve({ times: { heartbeatMs: 10 } })
    const response = await fetch(`${server.origin}/feed/lobby/stream`)
    const heartbeat = { type: 'heartbeat' }
    expect((await lines(response, 3)).slice(1)).toEqual([heartbeat, heartbeat])
  })

  test('gets 429 with Retry-After if the client has too many streams', async () => {
    await using server = await serve({ limits: { heldPerClient: 1 } })
    const first = await fetch(`${server.origin}/feed/lobby/stream?lane=page.one`)
    const refused = await fetch(`${server.origin}/feed/lobby/stream?lane=page.two`)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refused.json()).toMatchObject({ code: 'too-many-streams' })
    await first.body?.cancel()
  })
})

test('the route /health reports that the server runs, and its version of Node', async () => {
  await using server = await serve()
  expect((await get(`${server.origin}/health`)).json).toMatchObject({ status: 'ok', node: process.version })
})

test('the document /openapi.json describes every route of the feed with its parameters', async () => {
  await using server = await serve()
  const { json } = await get(`${server.origin}/openapi.json`)
  expect(Object.keys(json.paths)).toEqual(
    expect.arrayContaining([
      '/feed/{room}',
      '/feed/{room}/poll',
      '/feed/{room}/long-poll',
      '/feed/{room}/sse',
      '/feed/{room}/ws',
      '/feed/{room}/stream',
      '/feed/{room}/presence',
      '/feed/{room}/typing',
      '/feed/{room}/leave',
      '/lab',
      '/health',
    ]),
  )
  expect(json.paths['/feed/{room}/long-poll'].get.parameters.map(({ name }: { name: string }) => name).sort()).toEqual([
    'after',
    'client',
    'lane',
    'last',
    'limit',
    'name',
    'presence',
    'room',
    'user',
    'wait',
  ])
})

test('the document /openapi.json has the statuses of the feed, and the form of an error for every route', async () => {
  await using server = await serve()
  const { paths } = (await get(`${server.origin}/openapi.json`)).json
  const statuses = (path: string, method: string) => Object.keys(paths[path][method].responses)
  expect(statuses('/feed/{room}', 'post')).toEqual(['200', '201', 'default'])
  expect(statuses('/feed/{room}/poll', 'get')).toEqual(['200', '204', 'default'])
  expect(statuses('/feed/{room}/long-poll', 'get')).toEqual(['200', '204', 'default'])
  expect(statuses('/feed/{room}/sse', 'get')).toEqual(['200', 'default'])
  expect(statuses('/feed/{room}/ws', 'get')).toEqual(['101', 'default'])
  expect(statuses('/feed/{room}/leave', 'post')).toEqual(['204', 'default'])
  for (const [path, methods] of Object.entries<object>(paths))
    for (const { responses } of Object.values(methods)) {
      expect(Object.keys(responses.default.content), path).toEqual(['application/problem+json'])
      expect(JSON.stringify(responses)).not.toContain('Default Response')
    }
  const refused = await fetch(`${server.origin}/feed/lobby/poll?after=x`)
  const problem = await refused.json()
  const { required } = paths['/feed/{room}/poll'].get.responses.default.content['application/problem+json'].schema
  expect(Object.keys(problem)).toEqual(expect.arrayContaining(required))
})

async function firstChunk(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  const { value } = (await reader?.read()) ?? {}
  await reader?.cancel()
  return new TextDecoder().decode(value)
}

/** Returns the first events of a stream, read by an independent parser. */
async function events(response: Response, count: number): Promise<EventSourceMessage[]> {
  const got: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => got.push(event) })
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    if (got.length >= count) break
  }
  return got
}
