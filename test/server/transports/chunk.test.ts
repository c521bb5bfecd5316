/** Chunks that go past the response directly to its socket. They must never come before or inside other bytes. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listen } from '../../../lessons/kit/port.ts'
import { chunkOnce, writeChunk } from '../../../server/transports/chunk.ts'
import { get, raw } from '../../raw.ts'
import type { Raw } from '../../raw.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'
import { routesOf } from './routes.ts'

const chunkOf = chunkOnce(({ text }: { text: string }) => text)
const chunk = (text: string) => chunkOf({ text })

const MUCH_BYTES = 8 * 1024 * 1024

/** Connects a client to a server without routes. Resolves with the client and the server's responses to it. */
async function connected(requests: string, reads = true): Promise<{ client: Raw; responses: ServerResponse[] }> {
  const responses: ServerResponse[] = []
  const server = createServer((_request, response) => void responses.push(response))
  const client = raw(await listen(server), requests, reads)
  onTestFinished(async () => {
    await client.close()
    server.close()
  })
  await until('the server has all requests', () => responses.length === requests.split('\r\n\r\n').length - 1)
  return { client, responses }
}

const only = ([response]: readonly ServerResponse[]): ServerResponse => {
  if (!response) throw new Error('The server has no request.')
  return response
}

const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4)

/** Removes the chunked coding from the body of the first response. Returns the body, and the bytes after the response. */
function decoded(answer: string): { body: string; ended: boolean; rest: string } {
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*transfer-encoding: chunked\r\n/i)
  let body = ''
  let rest = bodyOf(answer)
  for (;;) {
    const [head, length = ''] = /^([\da-f]+)\r\n/.exec(rest) ?? []
    if (head === undefined) {
      // A part of a length may have arrived.
      expect(rest).toMatch(/^[\da-f]*\r?$/)
      return { body, ended: false, rest: '' }
    }
    const end = head.length + Number.parseInt(length, 16)
    body += rest.slice(head.length, end)
    if (rest.length >= end + 2) expect(rest.slice(end, end + 2)).toBe('\r\n')
    rest = rest.slice(end + 2)
    if (length === '0') return { body, ended: true, rest }
  }
}

describe.each([
  ['1.1', (answer: string) => decoded(answer).body],
  ['1.0, which has no chunked coding', bodyOf],
])('a response in HTTP/%s', (version, read) => {
  const request = get('/').replace('1.1', version.slice(0, 3))

  test('contains normal writes and chunks in the order of the calls, within one tick and over several ticks', async () => {
    const { client, responses } = await connected(request)
    const response = only(responses)
    response.write('a')
    writeChunk(response, chunk('b'))
    response.write('c')
    writeChunk(response, chunk('d'))
    await turn()
    writeChunk(response, chunk('e'))
    response.write('f')
    writeChunk(response, chunk('g'))
    await turn()
    writeChunk(response, chunk('héllo'))
    response.end('i')
    const answer = await until(
      'the response has ended',
      () => client.text().endsWith('i') || client.text().endsWith('\n0\r\n\r\n'),
    ).then(client.text)
    expect(Buffer.from(read(answer), 'latin1').toString()).toBe('abcdefghélloi')
  })

  test('sends large chunks after its head, and the promise of each chunk resolves only when the client reads', async () => {
    const { client, responses } = await connected(request, false)
    const response = only(responses)
    const large = chunk('x'.repeat(MUCH_BYTES))
    response.write('begin ')
    let isTaken = false
    const taken = Promise.resolve(writeChunk(response, large)).then(() => (isTaken = true))
    for (let i = 0; i < 100; i++) await turn()
    expect(isTaken).toBe(false)
    client.socket.resume()
    await taken
    await writeChunk(response, large)
    await writeChunk(response, chunk(' end'))
    await until('the client has everything', () => client.text().includes(' end'))
    expect(read(client.text())).toBe(`begin ${'x'.repeat(2 * MUCH_BYTES)} end`)
  })

  test('raises no error if chunks are written before and after its client leaves', async () => {
    const { client, responses } = await connected(request, false)
    const response = only(responses)
    const errors: unknown[] = []
    response.on('error', (error) => errors.push(error))
    response.write('begin')
    const large = chunk('x'.repeat(MUCH_BYTES))
    void writeChunk(response, large)
    client.socket.resetAndDestroy()
    await once(response, 'close')
    void writeChunk(response, large)
    for (let i = 0; i < 10; i++) await turn()
    expect(errors).toEqual([])
  })
})

test('chunks of a second pipelined request wait until the first response has ended', async () => {
  const { client, responses } = await connected(get('/').repeat(2))
  const [first, second] = responses
  if (!first || !second) throw new Error('The server has too few requests.')
  first.write('first')
  second.write('second')
  await turn()
  writeChunk(first, chunk(' one'))
  writeChunk(second, chunk(' two'))
  const large = chunk('x'.repeat(MUCH_BYTES))
  const taken = writeChunk(second, large)
  await until('the first chunk has arrived', () => client.text().includes(' one'))
  await turn()
  expect(client.text()).not.toContain('second')
  first.end()
  await taken
  await writeChunk(second, chunk(' end'))
  await until('the last chunk has arrived', () => client.text().includes(' end'))
  const { body, ended, rest } = decoded(client.text())
  expect([body, ended]).toEqual(['first one', true])
  expect(decoded(rest).body).toBe(`second two${'x'.repeat(MUCH_BYTES)} end`)
})

test('a batch is encoded once for all clients, and its chunk states the length in bytes', () => {
  const batch = { text: 'é'.repeat(10) }
  expect(chunkOf(batch)).toBe(chunkOf(batch))
  expect(chunkOf(batch).framed.toString()).toBe(`14\r\n${batch.text}\r\n`)
})

describe.each(routesOf('stream'))('%s', (path) => {
  const textsIn = (body: string) => Array.from(body.matchAll(/"text":"([^"]*)"/g), ([, text]) => text)

  test('sends a client of HTTP/1.0 kept events, new events and heartbeats without chunked coding', async () => {
    await using server = await serve({ times: { heartbeatMs: 30 } })
    await server.publish('kept')
    await using client = raw(server.port, get(`${path}?after=0`).replace('1.1', '1.0'))
    await until('the kept event has arrived', () => client.text().includes('kept'))
    await server.publish('new')
    await until('the new event has arrived', () => client.text().includes('new'))
    const before = client.text().length
    await until('a heartbeat has arrived', () => client.text().length > before)
    await server.publish('last')
    await until('the last event has arrived', () => client.text().includes('last'))
    expect(client.text()).not.toMatch(/transfer-encoding/i)
    expect(textsIn(client.text())).toEqual(['kept', 'new', 'last'])
    // A line with the length of a chunk would be no field of an event and no JSON.
    for (const line of bodyOf(client.text()).split('\n')) expect(line).toMatch(/^(?:\w*:.*|\{.*\}|)$/)
  })

  test('is not interrupted by the response to a pipelined request', async () => {
    await using server = await serve()
    await using client = raw(server.port, get(path) + get('/feed/lobby/poll?after=0'))
    await until('the stream is open', () => client.text().includes('\r\n\r\n'))
    for (const text of ['1', '2', '3']) await server.publish(text)
    await until('the last event has arrived', () => client.text().includes('"text":"3"'))
    const { body, ended } = decoded(client.text())
    expect([textsIn(body), ended]).toEqual([['1', '2', '3'], false])
    expect(body).not.toContain('HTTP/')
  })

  test('begins after the response to an earlier request, with every event once', async () => {
    await using server = await serve()
    const { cursor } = await (await fetch(`${server.origin}/feed/lobby/poll`)).json()
    await using client = raw(server.port, get(`/feed/lobby/long-poll?after=${cursor}`) + get(`${path}?after=0`))
    const isFollowed = async () => {
      const text = await (await fetch(`${server.origin}/metrics`)).text()
      return text.match(/^fourwire_clients\S+ 1$/gm)?.length === 2
    }
    await until('the poll is held and the stream follows the room', isFollowed)
    for (const text of ['1', '2', '3']) await server.publish(text)
    await until('the last event has arrived', () => client.text().includes('"text":"3"'))
    const [head = '', ...others] = client.text().split(/(?=HTTP\/1\.1 )/)
    expect(head).toMatch(/\r\ncontent-length: \d+\r\n/i)
    expect(textsIn(bodyOf(head))).toEqual(['1'])
    expect(others).toHaveLength(1)
    expect(textsIn(decoded(others.join('')).body)).toEqual(['1', '2', '3'])
  })
})
