/**
 * Takes over the connections of a server below HTTP. Without conditions, the server gets the kernel's socket. With
 * conditions, the server gets a link in place of the kernel's socket. The server and its routes do not notice the link.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Conditions, Cut } from '../protocol/lab.ts'
import { cuts } from './bend/cut.ts'
import { Link } from './bend/link.ts'
import { NEUTRAL, isNeutral } from './bend/ranges.ts'

export interface Wire {
  readonly conditions: Conditions
  /**
   * Sets the conditions of new connections. An open connection keeps its conditions and counts as outdated. The caller
   * has to end outdated connections, because only the caller can end a connection without losing messages. Also closes
   * the connections that a black hole has cut.
   */
  setConditions(conditions: Conditions): void
  /** Returns true if the conditions have changed since this connection was opened. */
  isOutdated(socket: Socket): boolean
  /**
   * Ends every outdated connection for which `isBusy` returns false. Bytes that the server has already written still
   * arrive.
   */
  endOutdated(isBusy: (socket: Socket) => boolean): void
  /** Returns true if a black hole has cut this connection, so that neither end may receive another byte. */
  isSilent(socket: Socket): boolean
  /** Cuts, at once, every open connection for which `isCut` returns true. */
  cut(how: Cut, isCut: (socket: Socket) => boolean): void
  /** Resets every connection that arrives in the next `forMs` milliseconds, as if no server were running. */
  refuse(forMs: number): void
  /**
   * Destroys the connections that a black hole has cut, because these connections would keep the server from closing.
   */
  close(): void
}

/**
 * Creates the wire of a server. If `spares` returns true for a WebSocket's request target, no condition affects this
 * WebSocket.
 */
export function createWire(server: Server, spares: (target: string) => boolean = () => false): Wire {
  const open = new Map<Socket | Link, Conditions>()
  const silent = new Set<Socket | Link>()
  let conditions = NEUTRAL
  let refusal: ReturnType<typeof setTimeout> | undefined

  takeOver(server, meet)

  return {
    get conditions() {
      return conditions
    },
    setConditions(changed) {
      // Copy the conditions. `isOutdated` compares conditions by identity, so even equal conditions make every open
      // connection outdated. A simulated restart needs this effect.
      conditions = { ...changed }
      endSilent()
    },
    isOutdated: (socket) => (open.get(socket) ?? conditions) !== conditions,
    endOutdated(isBusy) {
      for (const [socket, since] of open) if (since !== conditions && !isBusy(socket as Socket)) socket.destroySoon()
    },
    isSilent: (socket) => silent.has(socket),
    cut(how, isCut) {
      for (const socket of open.keys()) {
        if (!isCut(socket as Socket)) continue
        if (how === 'black hole') silent.add(socket)
        cuts[how](socket)
      }
    },
    refuse(forMs) {
      clearTimeout(refusal)
      refusal = setTimeout(() => (refusal = undefined), forMs)
    },
    close() {
      clearTimeout(refusal)
      endSilent()
    },
  }

  /** Returns the socket or link that the server gets for this connection. Returns null if the connection was reset. */
  function meet(kernel: Socket): Socket | Link | null {
    if (refusal) {
      kernel.resetAndDestroy()
      return null
    }
    const socket = isNeutral(conditions) ? kernel : new Link(kernel, conditions, spares)
    open.set(socket, conditions)
    socket.once('close', () => {
      open.delete(socket)
      silent.delete(socket)
    })
    return socket
  }

  function endSilent(): void {
    for (const socket of silent) socket.destroy()
  }
}

/**
 * Calls `replace` for each connection, and passes the returned socket to Node's own listener for connections. Node's
 * own listener stays in use, so that the server's time limits and its `close` work as usual.
 */
function takeOver(server: Server, replace: (kernel: Socket) => Socket | Link | null): void {
  const [serve] = server.listeners('connection')
  if (!serve) throw new Error('The server has no listener for connections. Give the wire a server of node:http.')
  server.off('connection', serve)
  server.on('connection', (kernel) => {
    if (kernel.destroyed) return
    const socket = replace(kernel)
    // Node documents that its HTTP server accepts any Duplex. Its types accept sockets only.
    if (socket) serve.call(server, socket as Socket)
  })
}
