import { readUpgrades } from '../upgrades.ts'

/**
 * Reads what goes up and answers true from the first request on that asks for a WebSocket.
 *
 * Models a filter that knows HTTP and refuses what it does not, as in some schools and companies.
 * Does not model one that lets the upgrade through and then breaks it, nor one that hangs up.
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

/** What the client is told instead. */
export const FORBIDDEN = [
  'HTTP/1.1 403 Forbidden',
  'Connection: close',
  'Content-Type: text/plain; charset=utf-8',
  `Content-Length: ${WHY.length}`,
  '',
  WHY,
].join('\r\n')
