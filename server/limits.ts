import type { Server } from 'node:http'

/**
 * A page holds four connections and now and then a fifth; a class of two hundred behind one
 * address has to fit.
 */
const CONNECTIONS_PER_ADDRESS = 1000

/**
 * Hangs up on connections beyond what one address may hold. Without a word: an error status
 * would end an EventSource for good, while a connection that is refused is tried again.
 */
export function limitConnections(server: Server, perAddress: number = CONNECTIONS_PER_ADDRESS): void {
  const open = new Map<string, number>()
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? ''
    const count = (open.get(address) ?? 0) + 1
    if (count > perAddress) return void socket.destroy()
    open.set(address, count)
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left > 0) open.set(address, left)
      else open.delete(address)
    })
  })
}
