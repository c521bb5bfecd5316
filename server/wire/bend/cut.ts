/** Three ways to lose a connection. */
import type { Socket } from 'node:net'
import type { Cut } from '../../protocol/lab.ts'
import type { Link } from './link.ts'

/** Cuts a connection at once. Bytes that are on their way do not arrive. */
export const cuts: Record<Cut, (socket: Socket | Link) => void> = {
  // If the server has not read the client's last bytes, the kernel sends RST instead of FIN.
  FIN: (socket) => socket.destroy(),
  RST: (socket) => socket.resetAndDestroy(),
  'black hole': fallSilent,
}

/**
 * Stops all traffic without telling either end, as when a phone leaves the network. The client's FIN
 * is still noticed. In a real black hole it would be lost too, but then the socket would stay open
 * here for ever.
 */
function fallSilent(socket: Socket | Link): void {
  // This listener must come first: it takes the bytes away from Node's parser, which reads below the stream.
  socket.on('data', ignore)
  for (const listener of socket.listeners('data')) {
    if (listener !== ignore) socket.off('data', listener as () => void)
  }
  socket.resume()
  socket.once('end', () => socket.destroy())
  // These methods never call back, so written bytes fill the stream's buffer and then hold the writer back.
  Object.assign(socket, { _write: ignore, _writev: ignore })
}

function ignore(): void {}
