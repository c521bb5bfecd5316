import { createServer, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface RequestBalancer extends AsyncDisposable {
  readonly origin: string
  readonly port: number
  /** Number of requests so far. */
  readonly requests: number
  /** Ends all connections. */
  cut(): void
}

/** A proxy that gives each request to the next server, also over one connection. A WebSocket stays at its server. */
export async function balanceRequests(...ports: readonly number[]): Promise<RequestBalancer> {
  let next = 0
  const upgraded = new Set<Socket>()
  const forward = ({ method, url, headers }: IncomingMessage) =>
    request({ host: '127.0.0.1', port: ports[next++ % ports.length], method, path: url, headers })
  const server = createServer((near, response) => {
    const far = forward(near)
    far.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.rawHeaders)
      answer.on('error', () => response.destroy())
      answer.pipe(response)
    })
    far.on('error', () => response.destroy())
    response.on('close', () => {
      if (!response.writableFinished) far.destroy()
    })
    near.pipe(far)
  })
  server.on('upgrade', (near: IncomingMessage, socket: Socket, head: Buffer) => {
    const far = forward(near)
    upgraded.add(socket)
    socket.on('close', () => upgraded.delete(socket))
    socket.on('error', () => far.destroy())
    far.on('error', () => socket.destroy())
    far.on('response', () => socket.destroy())
    far.on('upgrade', ({ rawHeaders }, other: Socket, first: Buffer) => {
      const fields = rawHeaders.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('')
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`)
      socket.write(first)
      other.write(head)
      other.pipe(socket)
      socket.pipe(other)
      other.on('error', () => socket.destroy())
      for (const [from, to] of [
        [socket, other],
        [other, socket],
      ] as const)
        from.on('close', () => to.destroy())
    })
    far.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    server.closeAllConnections()
    for (const socket of upgraded) socket.destroy()
  }
  const { port } = server.address() as AddressInfo
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    get requests() {
      return next
    },
    cut,
    async [Symbol.asyncDispose]() {
      server.close()
      cut()
    },
  }
}
