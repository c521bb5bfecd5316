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
  /** Whether the connection has a request without a complete response. The handshake of a WebSocket never has one. */
  isBusy(socket: Socket): boolean
}

interface Open {
  readonly name: string
  readonly kernel: Socket
  /** Number of unanswered requests. */
  requests: number
  /** Number of the latest use among the uses of all connections. */
  used: number
  readonly answered: () => void
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
  /** Connections by network and name. */
  const networks = new Map<string, Map<string, Open>>()
  /** Connections by the socket that their requests have. */
  const asking = new WeakMap<Socket, Open>()
  let uses = 0

  server.on('connection', (socket: Socket) => {
    const remote = socket.remoteAddress ?? ''
    if (isProxy(remote)) return
    const network = networkOf(remote)
    const open = networks.get(network) ?? new Map<string, Open>()
    networks.set(network, open)
    if (open.size >= connectionsPerAddress) {
      const idle = longestIdle(open.values())
      if (!idle) return void socket.destroy()
      open.delete(idle.name)
      idle.kernel.destroy()
    }
    const name = nameOf(socket)
    open.set(name, newOpen(name, socket))
    socket.once('close', () => {
      if (open.get(name)?.kernel === socket) open.delete(name)
      if (open.size === 0 && networks.get(network) === open) networks.delete(network)
    })
  })

  return {
    mayAsk({ socket }, response) {
      const open = asking.get(socket) ?? meet(socket)
      if (open.requests >= pipelinedPerConnection) socket.destroy()
      if (socket.destroyed) return false
      open.requests += 1
      open.used = ++uses
      response.on('close', open.answered)
      return true
    },
    isBusy: (socket) => (asking.get(socket)?.requests ?? 0) > 0,
  }

  /** Finds the connection of a socket at its first request, because a search for each request would cost more. */
  function meet(socket: Socket): Open {
    const name = nameOf(socket)
    const open = networks.get(networkOf(socket.remoteAddress ?? ''))?.get(name) ?? newOpen(name, socket)
    asking.set(socket, open)
    return open
  }

  function newOpen(name: string, kernel: Socket): Open {
    const answered = (): void => {
      open.requests -= 1
      open.used = ++uses
    }
    const open: Open = { name, kernel, requests: 0, used: ++uses, answered }
    return open
  }
}

/** Returns the connection without a request that has been unused for longest. */
function longestIdle(open: Iterable<Open>): Open | undefined {
  let longest: Open | undefined
  for (const each of open) if (each.requests === 0 && each.used < (longest?.used ?? Infinity)) longest = each
  return longest
}

/**
 * Names a connection by its remote end. A request's socket may be a link that wraps the kernel's socket
 * (wire/bend/link.ts); both have the same remote end.
 */
const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
