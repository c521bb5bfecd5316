import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Conditions } from '../../../server/protocol/lab.ts'
import { NEUTRAL } from '../../../server/wire/bend/ranges.ts'
import { createWire } from '../../../server/wire/wire.ts'
import type { Wire } from '../../../server/wire/wire.ts'

export interface Wired extends AsyncDisposable {
  readonly server: Server
  readonly wire: Wire
  readonly port: number
  dial(): RawClient
  connections(): Promise<number>
}

export interface RawClient {
  readonly socket: Socket
  /** Bytes that have arrived so far, as Latin-1. */
  text(): string
}

/** Starts a plain server of node:http on a wire. */
export async function wired(
  conditions: Partial<Conditions>,
  listener: RequestListener = (_request, response) => response.end('ok'),
  prepare: (server: Server) => void = () => {},
): Promise<Wired> {
  const server = createServer(listener)
  prepare(server)
  const wire = createWire(server, (target) => target === '/spared')
  wire.setConditions({ ...NEUTRAL, ...conditions })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const clients: Socket[] = []

  return {
    server,
    wire,
    port,
    dial() {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      clients.push(socket)
      let text = ''
      socket.on('error', () => {})
      socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
      return { socket, text: () => text }
    },
    connections: () => new Promise((resolve) => server.getConnections((_error, count) => resolve(count))),
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy()
      wire.close()
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Connects two sockets of the kernel: the server's end and the client's end. */
export async function socketPair(): Promise<{ kernel: Socket; client: Socket } & Disposable> {
  const server = createTcpServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => {})
  const [[kernel]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [[Socket], unknown]
  server.close()
  return {
    kernel,
    client,
    [Symbol.dispose]() {
      kernel.destroy()
      client.destroy()
    },
  }
}
