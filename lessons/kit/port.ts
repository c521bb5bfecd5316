/** Ports of servers on this machine. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/** Listens on this port, or on any free one, of 127.0.0.1. Resolves with the port. */
export async function listen(server: Listener, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return portOf(server)
}

/** Returns the port of a listening server. */
export function portOf(server: Pick<Listener, 'address'>): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

interface Listener extends NodeJS.EventEmitter {
  listen(port: number, host: string): unknown
  address(): AddressInfo | string | null
}

/** Returns a port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  server.close()
  return port
}
