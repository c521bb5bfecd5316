/** Limits the number of connections of one address and the number of unanswered requests of one connection. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createCounter } from './counter.ts'
import type { Counter } from './counter.ts'
import { networkOf } from './taker.ts'

export interface Connections {
  /**
   * Returns true if the server may answer the request. If the connection already has too many unanswered requests,
   * destroys the connection. A refusal of only the request would not help: Node starts all requests that arrive
   * together, and the client may never read the responses.
   */
  mayAsk(request: IncomingMessage, response: ServerResponse): boolean
  /**
   * Counts a request for which there is no `ServerResponse`. Returns a function; call it when the response is complete
   * or the connection has closed. Returns null if the connection has too many unanswered requests, and destroys it.
   */
  begin(socket: Socket): (() => void) | null
  /**
   * Returns true if the connection has a request without a complete response. The handshake of a WebSocket never has a
   * complete response, so an open WebSocket is always busy.
   */
  isBusy(socket: Socket): boolean
}

interface Open {
  readonly name: string
  readonly kernel: Socket
  /** Number of unanswered requests. */
  requests: number
  /** Number of the latest use of this connection. One counter numbers the uses of all connections. */
  used: number
  readonly answered: () => void
}

export interface ConnectionLimits {
  readonly connectionsPerAddress: number
  readonly pipelinedPerConnection: number
}

/**
 * Limits the number of connections of one address. If a new connection exceeds the limit, the server destroys the
 * connection that has been idle for longest. If no connection is idle, the server destroys the new connection. The
 * server sends no error status, because an EventSource never reconnects after an error status. After a destroyed
 * connection, an EventSource reconnects. The server does not count the connections of a proxy (`isProxy`), because many
 * clients share a proxy's connection. `counter`: counts the connections at other processes too.
 */
export function limitConnections(
  server: Server,
  { connectionsPerAddress, pipelinedPerConnection }: ConnectionLimits,
  isProxy: (address: string) => boolean,
  counter: Counter = createCounter(),
): Connections {
  /** Maps each network to a map of its open connections. The inner map has the name of each connection as its key. */
  const networks = new Map<string, Map<string, Open>>()
  /** Maps the socket of a request to its connection. */
  const asking = new WeakMap<Socket, Open>()
  let uses = 0

  server.on('connection', (socket: Socket) => {
    const remote = socket.remoteAddress ?? ''
    if (isProxy(remote)) return
    const network = networkOf(remote)
    const open = networks.get(network) ?? new Map<string, Open>()
    networks.set(network, open)
    if (open.size + counter.elsewhere(network) >= connectionsPerAddress) {
      const idle = longestIdle(open.values())
      if (!idle) return void socket.destroy()
      open.delete(idle.name)
      idle.kernel.destroy()
    }
    const name = nameOf(socket)
    open.set(name, newOpen(name, socket))
    counter.take(network)
    socket.once('close', () => {
      counter.give(network)
      if (open.get(name)?.kernel === socket) open.delete(name)
      if (open.size === 0 && networks.get(network) === open) networks.delete(network)
    })
  })

  return {
    mayAsk({ socket }, response) {
      const answered = begin(socket)
      if (answered) response.on('close', answered)
      return answered !== null
    },
    begin,
    isBusy: (socket) => (asking.get(socket)?.requests ?? 0) > 0,
  }

  function begin(socket: Socket): (() => void) | null {
    const open = asking.get(socket) ?? meet(socket)
    if (open.requests >= pipelinedPerConnection) socket.destroy()
    if (socket.destroyed) return null
    open.requests += 1
    open.used = ++uses
    return open.answered
  }

  /**
   * Finds the connection of a socket at the socket's first request and stores it in `asking`. A search at every request
   * would cost more.
   */
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

/** Returns the connection that has been unused for longest, of all connections that have no unanswered request. */
function longestIdle(open: Iterable<Open>): Open | undefined {
  let longest: Open | undefined
  for (const each of open) if (each.requests === 0 && each.used < (longest?.used ?? Infinity)) longest = each
  return longest
}

/**
 * Names a connection by the client's address and port. A request's socket may be a link (wire/bend/link.ts) that wraps
 * the kernel's socket. The link and the kernel's socket have the same remote address and port.
 */
const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
