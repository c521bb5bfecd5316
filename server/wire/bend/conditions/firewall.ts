import { readUpgrades } from '../upgrades.ts'

/**
 * Returns a function to call with all bytes from the client. It returns true as soon as a request for a WebSocket has
 * arrived.
 *
 * Models a filter that understands HTTP only, as in some schools and companies. Does not model a filter that lets the
 * upgrade through and then breaks it, or one that closes the connection.
 */
export function firewall(): (bytes: Buffer) => boolean {
  let isRefusing = false
  const read = readUpgrades(() => (isRefusing = true))
  return (bytes) => {
    read(bytes)
    return isRefusing
  }
}

const WHY = 'A firewall refuses WebSockets here.\n'

/** Response that the client gets from the firewall. */
export const FORBIDDEN = [
  'HTTP/1.1 403 Forbidden',
  'Connection: close',
  'Content-Type: text/plain; charset=utf-8',
  `Content-Length: ${WHY.length}`,
  '',
  WHY,
].join('\r\n')
