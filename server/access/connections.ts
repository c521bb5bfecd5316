/** Limits the connections of one address, and the unanswered requests of one connection. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { networkOf } from './taker.ts'

export interface Connections {
  /**
   * Returns whether a request may be answered. Destroys the connection if it has too many unanswered requests. It
   * would not help to refuse only the request: Node starts all requests that arrive together, and the client may
   * never read the responses.
   */
  mayAsk(request: IncomingMessage, response: ServerResponse): boolean
}

interface Open {
  readonly kernel: Socket
  /** Number of unanswered requests. */
  requests: number
}

export interface ConnectionLimits {
  readonly connectionsPerAddress: number
  readonly pipelinedPerConnection: number
}

/**
 * Limits the connections of one address. Beyond the limit, it destroys the connection that has been idle for longest,
 * or the new connection if none is idle. It sends no error status, because an error status would end an EventSource
 * for good. After a refused connection, an EventSource tries again. Connections of a proxy (`isProxy`) are not
 * counted, because many clients share them.
 */
export function limitConnections(
  server: Server,
  { connectionsPerAddress, pipelinedPerConnection }: ConnectionLimits,
  isProxy: (address: string) => boolean,
): Connections {
  /** Connections by network and name, the longest unused first. */
  const networks = new Map<string, Map<string, Open>>()
  const unanswered = new WeakMap<Socket, number>()

  server.on('connection', (socket: Socket) => {
    const remote = socket.remoteAddress ?? ''
    if (isProxy(remote)) return
    const network = networkOf(remote)
    const open = networks.get(network) ?? new Map<string, Open>()
    networks.set(network, open)
    if (open.size >= connectionsPerAddress) {
      const [name, idle] = [...open].find(([, { requests }]) => requests === 0) ?? []
      if (!name || !idle) return void socket.destroy()
      open.delete(name)
      idle.kernel.destroy()
    }
    const name = nameOf(socket)
    open.set(name, { kernel: socket, requests: 0 })
    socket.once('close', () => {
      if (open.get(name)?.kernel === socket) open.delete(name)
      if (open.size === 0 && networks.get(network) === open) networks.delete(network)
    })
  })

  return {
    mayAsk({ socket }, response) {
      if ((unanswered.get(socket) ?? 0) >= pipelinedPerConnection) socket.destroy()
      if (socket.destroyed) return false
      count(socket, 1)
      response.once('close', () => count(socket, -1))
      return true
    },
  }

  function count(socket: Socket, change: 1 | -1): void {
    const requests = (unanswered.get(socket) ?? 0) + change
    unanswered.set(socket, requests)
    const open = networks.get(networkOf(socket.remoteAddress ?? ''))
    const name = nameOf(socket)
    const known = open?.get(name)
    if (!known) return
    known.requests = requests
    // The entry moves to the end, because its connection has just been used.
    open?.delete(name)
    open?.set(name, known)
  }
}

/**
 * Names a connection by its remote end. A request's socket may be a link that wraps the kernel's socket
 * (wire/bend/link.ts); both have the same remote end.
 */
const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
