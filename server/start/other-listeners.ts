/** Finds other programs that listen on the server's port, because `localhost` may lead to another program. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { bracketed, nextPort } from './addresses.ts'
import type { ServerAddresses } from './addresses.ts'
import { START } from './installed.ts'

/** The two addresses of `localhost`, in the order in which browsers try them. */
export const LOCALHOST: readonly string[] = ['::1', '127.0.0.1']

/**
 * Time limit of an attempt to connect. A program on this machine accepts a connection at once. Without the limit,
 * Windows would retry a refused connection for two seconds.
 */
const ACCEPT_MS = 300

/** Returns the addresses at which a program accepts connections on the port. Returns no address for port 0. */
export async function listenersOn(port: number, addresses: readonly string[] = LOCALHOST): Promise<readonly string[]> {
  if (port === 0) return []
  const all = Array.from(new Set(addresses))
  const accepted = await Promise.all(all.map((address) => accepts(address, port)))
  return all.filter((_address, i) => accepted[i])
}

/** Returns a port that is free at the moment of the call. */
export async function freePort(host: string): Promise<number> {
  const server = createServer().listen({ host, port: 0 })
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function accepts(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port, timeout: ACCEPT_MS })
  socket.once('connect', () => resolve(true))
  // At the start, loading modules blocks the event loop. So the event `timeout` can come first, although the program
  // has accepted the connection. `setImmediate` lets the event `connect` come before the result.
  socket.once('timeout', () => setImmediate(resolve, false))
  socket.once('error', () => resolve(false))
  const isAccepted = await promise
  socket.destroy()
  return isAccepted
}

/**
 * Returns the host names for links that lead to this server and not to another program. If another program listens on
 * one address of `localhost`, a link with the other address of `localhost` replaces the link with the name.
 */
export function ownLinkNames({ linkNames, addresses }: ServerAddresses, others: readonly string[]): readonly string[] {
  const own = addresses.filter((address) => !others.includes(address))
  const loopback = own.find((address) => LOCALHOST.includes(address))
  const isShared = others.some((address) => LOCALHOST.includes(address))
  const names = linkNames.flatMap((name) => {
    if (name === 'localhost' && isShared) return loopback === undefined ? [] : [bracketed(loopback)]
    return others.some((address) => bracketed(address) === name) ? [] : [name]
  })
  return Array.from(new Set(names))
}

/** Returns a warning with the addresses of other programs and what to do. Returns null if `others` is empty. */
export function othersText(others: readonly string[], port: number): string | null {
  if (others.length === 0) return null
  const where = others.map((address) => `${bracketed(address)}:${port}`).join(' and ')
  const isLocalhost = others.some((address) => LOCALHOST.includes(address))
  const effect = isLocalhost ? `http://localhost:${port} may lead to it` : 'That address leads to it'
  const why = others.includes('::1') ? ', because browsers try [::1] first' : ''
  return `Another program listens on ${where}. ${effect}${why}. Stop that program, or choose another port: ${START} --port ${nextPort(port)}`
}
