/** The public interface, as foreign clients see it. */
import { connect } from 'node:net'
import { EventSource } from 'eventsource'
import { createParser } from 'eventsource-parser'
import type { EventSourceMessage } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryLog } from '../../server/feed/memory-log.ts'
import type { Event, PollAnswer } from '../../server/protocol.ts'
import { serve } from '../serve.ts'
import { until } from '../until.ts'

const get = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(url, { headers })
  const text = await response.text()
  return { status: response.status, headers: response.headers, json: text === '' ? null : JSON.parse(text) }
}

describe('publish', () => {
  test('answers 201 with the event, and 200 with the same where the key is repeated', async () => {
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
    const again = await post('changed')
    expect(again.status).toBe(200)
    expect(await again.json()).toEqual(event)
  })
})

describe.each(['poll', 'long-poll'])('%s', (path) => {
  test('without a cursor answers at once: no events and the present cursor', async () => {
    await using server = await serve()
    const { id } = await server.publish('1')
    const { status, json, headers } = await get(`${server.origin}/feed/lobby/${path}`)
    expect(status).toBe(200)
    expect(json).toEqual({ events: [], cursor: id, gap: false, more: false })
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test('answers what lies behind the cursor', async () => {
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

  test('limit cuts the answer and says more; the cursor lies behind the last event given', async () => {
    await using server = await serve()
    const events = [await server.publish('1'), await server.publish('2'), await server.publish('3')]
    const { json } = await get(`${server.origin}/feed/lobby/${path}?after=0&limit=2`)
    expect(json).toEqual({ events: events.slice(0, 2), cursor: events[1]?.id, gap: false, more: true })
  })

  test('last answers the last events', async () => {
    await using server = await serve()
    await server.publish('1')
    const events = [await server.publish('2'), await server.publish('3')]
    expect((await get(`${server.origin}/feed/lobby/${path}?last=2`)).json.events).toEqual(events)
  })

  test('a cursor of another life of the log answers a gap, in an empty room too', async () => {
    await using server = await serve()
    const { status, json } = await get(`${server.origin}/feed/empty/${path}?after=gone.12`)
    expect(status).toBe(200)
    expect(json).toMatchObject({ events: [], gap: true, more: false })
    expect(json.cursor).toMatch(/\.0$/)
  })

  test('a limit that is very large is answered with what one answer holds', async () => {
    await using server = await serve()
    for (let i = 0; i < 510; i++) await server.publish(String(i))
    const { json }: { json: PollAnswer | null } = await get(`${server.origin}/feed/lobby/${path}?after=0&limit=100000`)
    expect(json?.events).toHaveLength(500)
    expect(json?.more).toBe(true)
  })
})

test('a short poll answers 204 and no body where nothing is new', async () => {
  await using server = await serve()
  const { id } = await server.publish('1')
  expect(await get(`${server.origin}/feed/lobby/poll?after=${id}`)).toMatchObject({ status: 204, json: null })
})

describe('a long poll', () => {
  test('is held until something is published, and all of one commit comes with it', async () => {
    await using server = await serve()
    const { id } = await server.publish('1')
    const held = get(`${server.origin}/feed/lobby/long-poll?after=${id}&wait=30`)
    const next = await server.publish('2')
    expect((await held).json.events).toEqual([next])
  })

  test('ends with 204 at the end of its wait, never later than asked', async () => {
    await using server = await serve()
    const { id } = await server.publish('1')
    const began = performance.now()
    const { status, headers } = await get(`${server.origin}/feed/lobby/long-poll?after=${id}&wait=0.3`)
    const tookMs = performance.now() - began
    expect(status).toBe(204)
    expect(headers.get('preference-applied')).toBe('wait=0.3')
    expect(tookMs).toBeGreaterThan(265)
    // Far below the default of 25 s, and far enough above 0.3 s for a machine with other things to do.
    expect(tookMs).toBeLessThan(3000)
  })

  test('with a wait of 0 answers at once', async () => {
    await using server = await serve()
    const { id } = await server.publish('1')
    expect((await get(`${server.origin}/feed/lobby/long-poll?after=${id}&wait=0`)).status).toBe(204)
  })

  test.each([
    ['a wait above 30 counts as 30', '&wait=1000000000', undefined, 'wait=30'],
    ['Prefer: wait is obeyed', '', 'wait=10', 'wait=10'],
    ['Prefer: wait among others is obeyed', '', 'respond-async, wait=7', 'wait=7'],
    ['the query wins over Prefer', '&wait=3', 'wait=10', 'wait=3'],
    ['a Prefer that cannot be read is not obeyed', '', 'wait=abc', 'wait=25'],
    ['a negative Prefer is not obeyed', '', 'wait=-1', 'wait=25'],
    ['without either it is 25', '', undefined, 'wait=25'],
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
    'whose client leaves (%s) is held no longer',
    async (leave) => {
      await using server = await serve()
      const { id } = await server.publish('1')
      const socket = connect(server.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write(`GET /feed/lobby/long-poll?after=${id} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      await until('it is connected', async () => (await server.connections()) > 0)
      socket[leave]()
      await until('nothing is held', async () => {
        server.app.server.closeIdleConnections()
        return (await server.connections()) === 0
      })
    },
  )
})

describe('an event stream', () => {
  test('begins with retry, then an id, and has the headers that keep proxies off', async () => {
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

  test('retry differs from stream to stream', async () => {
    await using server = await serve()
    const times = await Promise.all(
      Array.from(
        { length: 20 },
        async () => (await firstChunk(await fetch(`${server.origin}/feed/lobby/sse`))).split('\n')[0],
      ),
    )
    expect(new Set(times).size).toBeGreaterThan(10)
  })

  test('an unmodified EventSource gets each event with its id, as a message', async () => {
    await using server = await serve()
    const first = await server.publish('1')
    const got: [string, Event][] = []
    const source = new EventSource(`${server.origin}/feed/lobby/sse?after=0`)
    source.onmessage = ({ lastEventId, data }) => got.push([lastEventId, JSON.parse(data)])
    await until('the first has come', () => got.length === 1)
    const second = await server.publish('2')
    await until('the second has come', () => got.length === 2)
    source.close()
    expect(got).toEqual([
      [first.id, first],
      [second.id, second],
    ])
  })

  test('Last-Event-ID wins over after, as when an EventSource reconnects to its first address', async () => {
    await using server = await serve()
    const [, second, third] = [await server.publish('1'), await server.publish('2'), await server.publish('3')]
    const response = await fetch(`${server.origin}/feed/lobby/sse?after=0`, {
      headers: { 'last-event-id': second?.id ?? '' },
    })
    expect(await events(response, 1)).toMatchObject([{ id: third?.id }])
  })

  test.each([
    ['a bad Last-Event-ID', '', { 'last-event-id': 'garb age' }],
    ['a bad after', '?after=garbage', {}],
    ['a cursor of another epoch', '?after=gone.3', {}],
  ])(
    '%s is answered by a gap event and not by an error, which would end an EventSource for good',
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

  test('a plain EventSource that was told of a gap is not told again when it reconnects', async () => {
    await using server = await serve()
    const response = await fetch(`${server.origin}/feed/lobby/sse?after=gone.3`)
    const [gap] = await events(response, 1)
    const again = await fetch(`${server.origin}/feed/lobby/sse?after=gone.3`, {
      headers: { 'last-event-id': gap?.id ?? '' },
    })
    const next = await server.publish('1')
    expect(await events(again, 1)).toMatchObject([{ id: next.id }])
  })

  test('any text comes out of an independent parser as it went in', async () => {
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

test('/health says that it is up and on which Node', async () => {
  await using server = await serve()
  expect((await get(`${server.origin}/health`)).json).toMatchObject({ status: 'ok', node: process.version })
})

test('/openapi.json describes every route of the feed with its parameters', async () => {
  await using server = await serve()
  const { json } = await get(`${server.origin}/openapi.json`)
  expect(Object.keys(json.paths)).toEqual(
    expect.arrayContaining([
      '/feed/{room}',
      '/feed/{room}/poll',
      '/feed/{room}/long-poll',
      '/feed/{room}/sse',
      '/feed/{room}/ws',
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

async function firstChunk(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  const { value } = (await reader?.read()) ?? {}
  await reader?.cancel()
  return new TextDecoder().decode(value)
}

/** The first events of a stream, as an independent parser reads them. */
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
