/** Tests of the relay process, with a TCP server on the other side. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { now } from './now.ts'
import { startRelay } from './relay.ts'

const NONE = { rtt: 0, jitter: 0, loss: 0, bandwidth: 0 }
const RTT_MS = 60

test('the relay adds the round trip to each exchange, and another one to the first', async () => {
  const client = await connectThrough({ ...NONE, rtt: RTT_MS }, (socket) => socket.pipe(socket))
  const exchange = async (): Promise<number> => {
    const startMs = now()
    client.write('x')
    await once(client, 'data')
    return now() - startMs
  }
  // A timer can run half a millisecond too early, once in each direction.
  expect(await exchange()).toBeGreaterThan(2 * RTT_MS - 20)
  expect(await exchange()).toBeGreaterThan(RTT_MS - 1.5)
})

test('the relay delivers all bytes before the end of the connection', async () => {
  const client = await connectThrough({ ...NONE, rtt: 20, loss: 10 }, (socket) => socket.end('x'.repeat(100_000)))
  let bytes = 0
  client.on('data', ({ length }) => (bytes += length))
  await once(client, 'end')
  expect(bytes).toBe(100_000)
})

test('the relay resets the client if the server resets the connection', async () => {
  const client = await connectThrough({ ...NONE, rtt: 2 }, (socket) =>
    socket.once('data', () => socket.resetAndDestroy()),
  )
  client.write('x')
  await expect(once(client, 'data')).rejects.toThrow('ECONNRESET')
})

test('the relay resets the connection to the server if the client resets its own', async () => {
  const failed = Promise.withResolvers<Error>()
  const client = await connectThrough({ ...NONE, rtt: 2 }, (socket) => {
    socket.on('error', failed.resolve)
    socket.write('x')
  })
  await once(client, 'data')
  client.resetAndDestroy()
  expect((await failed.promise).message).toContain('ECONNRESET')
})

test('the relay reports the server that it cannot reach', async () => {
  using relay = startRelay(NONE)
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await expect(relay.aim(new URL(`http://127.0.0.1:${port}/a`))).rejects.toThrow(
    `--url is "http://127.0.0.1:${port}", and it cannot be reached: connect ECONNREFUSED`,
  )
})

test('the relay reports the share of the time in which it worked', async () => {
  using relay = startRelay(NONE)
  await relay.begin()
  const { busyShare, loopDelayMs } = await relay.end()
  expect(busyShare).toBeLessThanOrEqual(1)
  expect(loopDelayMs).toBeGreaterThanOrEqual(0)
})

async function connectThrough(
  network: Parameters<typeof startRelay>[0],
  serve: (socket: Socket) => void,
): Promise<Socket> {
  const relay = startRelay(network)
  const server = createServer((socket) => {
    socket.on('error', () => {})
    serve(socket)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    relay[Symbol.dispose]()
    server.close()
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const through = await relay.aim(new URL(`http://127.0.0.1:${port}/`))
  const client = connect(Number(through.port), '127.0.0.1')
  onTestFinished(() => void client.destroy())
  client.on('error', () => {})
  await once(client, 'connect')
  return client
}
