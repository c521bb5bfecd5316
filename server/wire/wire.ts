/**
 * Takes over a server's connections below HTTP. Without conditions the kernel's socket goes
 * through untouched; with conditions a link takes its place. The server, and what it serves, do
 * not know.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Conditions, Cut } from '../protocol.ts'
import { cuts } from './cut.ts'
import { Link } from './link.ts'
import { NEUTRAL, isNeutral } from './ranges.ts'

export interface Wire {
  readonly conditions: Conditions
  /**
   * A connection that comes to another listener than the server's meets the same. Answers the socket
   * that stands for it from here on; null where it is refused, and reset.
   */
  meet(kernel: Socket): Socket | Link | null
  /**
   * New connections meet these. Those that are open keep theirs and are out of date from now on:
   * ending them so that nothing is lost is for those who know what goes over them. Ones that fell
   * silent are closed.
   */
  setConditions(conditions: Conditions): void
  /** Was this connection opened under conditions that have changed since? */
  isOutdated(socket: Socket): boolean
  /** Ends those that are out of date and wait for nothing, as `isBusy` knows; what is under way in them still arrives. */
  endOutdated(isBusy: (socket: Socket) => boolean): void
  /** Has this connection fallen silent, so that neither end may be told of anything? */
  isSilent(socket: Socket): boolean
  /** Cuts those of the open connections that `which` picks, now. */
  cut(how: Cut, which: (socket: Socket) => boolean): void
  /** Resets every connection that comes within so many ms, as a machine does whose server is not there. */
  refuse(forMs: number): void
  /** Before the server closes: ends what would wait for ever. */
  close(): void
}

/** `spares`: targets of WebSockets that no condition meets. */
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
    meet,
    setConditions(changed) {
      // A copy, so that the same ones again make outdated as well: a restart is for everyone.
      conditions = { ...changed }
      endSilent()
    },
    isOutdated: (socket) => open.has(socket) && open.get(socket) !== conditions,
    endOutdated(isBusy) {
      for (const [socket, since] of open) if (since !== conditions && !isBusy(socket as Socket)) socket.destroySoon()
    },
    isSilent: (socket) => silent.has(socket),
    cut(how, which) {
      for (const socket of open.keys()) {
        if (!which(socket as Socket)) continue
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
 * Node's own listener is the first, put there by the server itself; it has to be the last now, so
 * that the others' say comes first. That it is Node's listener which is called, on a server that
 * listens, keeps all of its time limits and its closing in force.
 */
function takeOver(server: Server, through: (kernel: Socket) => Socket | Link | null): void {
  const [serve] = server.listeners('connection')
  if (!serve) throw new Error('The server has no listener for connections. Give the wire a server of node:http.')
  server.off('connection', serve)
  server.on('connection', (kernel) => {
    if (kernel.destroyed) return
    const socket = through(kernel)
    // Node documents that it serves any Duplex; its types know of sockets only.
    if (socket) serve.call(server, socket as Socket)
  })
}
