/** The three ways in which a connection is lost. */
import type { Socket } from 'node:net'
import type { Cut } from '../protocol.ts'
import type { Link } from './link.ts'

/** Cuts now: nothing that is under way arrives. */
export const cuts: Record<Cut, (socket: Socket | Link) => void> = {
  // The kernel sends RST instead where the client's last bytes were not read yet.
  FIN: (socket) => socket.destroy(),
  RST: (socket) => socket.resetAndDestroy(),
  'black hole': fallSilent,
}

/**
 * Nothing is said and nothing is heard any more, and neither end is told, as when a phone leaves
 * the network. Only that the client gives up is noticed, though in truth this would be lost as
 * well: else its end would stay here for ever.
 */
function fallSilent(socket: Socket | Link): void {
  // First of all: it takes the bytes away from Node's parser, which reads below the stream.
  socket.on('data', ignore)
  for (const listener of socket.listeners('data')) {
    if (listener !== ignore) socket.off('data', listener as () => void)
  }
  socket.resume()
  socket.once('end', () => socket.destroy())
  // Never called back: what is written piles up to the stream's limit and holds its writer back.
  Object.assign(socket, { _write: ignore, _writev: ignore })
}

function ignore(): void {}
