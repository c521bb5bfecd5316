/** Cuts a connection with a FIN, with an RST, or as a black hole. */
import type { Socket } from 'node:net'
import type { Cut } from '../../protocol/lab.ts'
import type { Link } from './link.ts'

/** Each function cuts a connection at once. Bytes that the server has written and the kernel has not taken are lost. */
export const cuts: Record<Cut, (socket: Socket | Link) => void> = {
  // If the server has not read the client's last bytes, the kernel sends RST instead of FIN.
  FIN: (socket) => socket.destroy(),
  RST: (socket) => socket.resetAndDestroy(),
  'black hole': fallSilent,
}

/**
 * Stops all traffic and tells neither end, like a phone that leaves the network. The server still notices the client's
 * FIN. In a real black hole the FIN would be lost too, but then the server's socket would stay open for ever.
 */
function fallSilent(socket: Socket | Link): void {
  // Add this listener first. As long as a socket has no `data` listener, Node's HTTP parser reads directly from the
  // socket. Once the socket has a `data` listener, this listener gets the bytes.
  socket.on('data', ignore)
  for (const listener of socket.listeners('data')) {
    if (listener !== ignore) socket.off('data', listener as () => void)
  }
  socket.resume()
  socket.once('end', () => socket.destroy())
  // The new write methods never call back. Written bytes therefore fill the stream's buffer until the writer has to
  // wait.
  Object.assign(socket, { _write: ignore, _writev: ignore })
}

function ignore(): void {}
