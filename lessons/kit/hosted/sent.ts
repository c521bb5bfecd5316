/** Counts the bytes that a program sends on each connection, and its writes to clients that have left. */
import { OutgoingMessage } from 'node:http'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { SentBytes } from './message.ts'

export interface Sending {
  watch(server: Server): void
  sent(): SentBytes
}

/** Starts counting. To be called before the program's own code runs. */
export function countSent(): Sending {
  const sockets = new Set<Socket>()
  let toNobody = 0

  for (const name of ['write', 'end'] as const) {
    const send = OutgoingMessage.prototype[name]
    Object.assign(OutgoingMessage.prototype, {
      [name](this: OutgoingMessage, ...args: unknown[]) {
        if (this.destroyed) toNobody += 1
        return Reflect.apply(send, this, args)
      },
    })
  }

  return {
    watch(server) {
      server.on('connection', (socket: Socket) => {
        sockets.add(socket)
        socket.once('close', () => sockets.delete(socket))
      })
    },
    sent() {
      const bytes = Array.from(sockets, ({ remotePort = 0, bytesWritten }) => [remotePort, bytesWritten] as const)
      return { bytes: new Map(bytes), toNobody }
    },
  }
}
