/** Lets the `send` of a chosen WebSocket of the program throw, as any code that a listener calls may throw. */
import { WebSocketServer } from 'ws'

export interface Spoiling {
  /** Spoils the connection of the client with this port. */
  spoil(port: number): void
}

/** To be called before the program's own code runs. */
export function watchSends(): Spoiling {
  const spoiled = new Set<number>()
  const { handleUpgrade } = WebSocketServer.prototype
  WebSocketServer.prototype.handleUpgrade = function (this: WebSocketServer, request, wire, head, done) {
    handleUpgrade.call(this, request, wire, head, (socket, ...rest) => {
      const { remotePort = 0 } = request.socket
      const send: (...args: unknown[]) => void = socket.send.bind(socket)
      socket.send = (...args: unknown[]) => {
        if (spoiled.has(remotePort)) throw new Error('This WebSocket cannot send.')
        send(...args)
      }
      done(socket, ...rest)
    })
  }
  return { spoil: (port) => void spoiled.add(port) }
}
