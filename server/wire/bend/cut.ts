/** Three ways to cut a connection: with a FIN, with an RST, or as a black hole. */
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
  // Add this listener first. Without a `data` listener, Node's HTTP parser reads directly from the socket; with one,
  // the bytes go to the listener.
  socket.on('data', ignore)
  for (const listener of socket.listeners('data')) {
    if (listener !== ignore) socket.off('data', listener as () => void)
  }
  socket.resume()
  socket.once('end', () => socket.destroy())
  // These methods never call back. Written bytes therefore fill the stream's buffer, and then the writer has to wait.
  Object.assign(socket, { _write: ignore, _writev: ignore })
}

function ignore(): void {}
