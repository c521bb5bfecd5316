/** Connections that leave Node's HTTP server. The tests fail if a version of Node keeps its parser in another way. */
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { listen } from '../../../lessons/kit/port.ts'
import { watchResponses } from '../../../server/http/error-handler.ts'
import { takeConnection } from '../../../server/http/take-connection.ts'
import { get, raw } from '../../raw.ts'
import type { Raw } from '../../raw.ts'
import { until } from '../../until.ts'

/** Connects a client. Resolves with the client, and with the responses after the server has written their heads. */
async function connected(requests: string): Promise<{ client: Raw; responses: ServerResponse[] }> {
  const responses: ServerResponse[] = []
  const server = createServer((_request, response) => {
    response.writeHead(200)
    response.write('first')
    responses.push(response)
  })
  watchResponses(server)
  const client = raw(await listen(server), requests)
  onTestFinished(async () => {
    await client.close()
    server.close()
  })
  await until('the server has all requests', () => responses.length === requests.split('\r\n\r\n').length - 1)
  return { client, responses }
}

async function taken() {
  const { client, responses } = await connected(get('/'))
  const [response] = responses
  let closed = 0
  response?.on('close', () => (closed += 1))
  const socket = response && takeConnection(response)
  if (!socket) throw new Error('The connection was not taken.')
  return { client, socket, closed: () => closed }
}

test('a taken connection has neither a parser nor a listener of Node’s HTTP server, and delivers all bytes in order', async () => {
  const { client, socket } = await taken()
  socket.write('6\r\nsecond\r\n')
  await until('the bytes have arrived', () => client.text().endsWith('\r\n\r\n5\r\nfirst\r\n6\r\nsecond\r\n'))
  expect('parser' in socket && socket.parser).toBe(null)
  const names = socket.eventNames().flatMap((event) => socket.listeners(event).map(({ name }) => name))
  expect(names.filter((name) => /^(bound )?(socketOn|onSocket|onServer)/.test(name))).toEqual([])
})

test.each([
  ['resets the connection', (client: Raw) => client.socket.resetAndDestroy()],
  ['ends its half of the connection', (client: Raw) => client.socket.end()],
  ['sends further bytes', (client: Raw) => client.socket.write(get('/'))],
])(
  'when the client %s, the connection closes, and the listeners for the close of the response are called once',
  async (_, act) => {
    const { client, socket, closed } = await taken()
    act(client)
    await until('the connection is closed', () => socket.closed && closed() > 0)
    expect(closed()).toBe(1)
  },
)

test('a connection with a second request stays with Node, and so does a response that waits for another one', async () => {
  const { responses } = await connected(get('/').repeat(2))
  expect(responses.map(takeConnection)).toEqual([null, null])
})
