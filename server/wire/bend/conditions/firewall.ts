import { readUpgrades } from '../upgrades.ts'

/**
 * Returns a function that gets all bytes from the client. The function returns true once these bytes contain the head
 * of a request for a WebSocket.
 *
 * Models the filter of a school or a company: the filter understands only HTTP. Does not model a filter that accepts
 * the upgrade and later breaks the WebSocket, or a filter that closes the connection.
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

/** Response of the firewall to a request for a WebSocket. */
export const FORBIDDEN = [
  'HTTP/1.1 403 Forbidden',
  'Connection: close',
  'Content-Type: text/plain; charset=utf-8',
  `Content-Length: ${WHY.length}`,
  '',
  WHY,
].join('\r\n')
