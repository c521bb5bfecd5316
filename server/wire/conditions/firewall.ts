import { declaredBody, readMessages } from '../messages.ts'

/**
 * Reads what goes up and answers true from the first request on that asks for a WebSocket and that
 * `spares` does not know by its target.
 *
 * Models a filter that knows HTTP and refuses what it does not, as in some schools and companies.
 * Does not model one that lets the upgrade through and then breaks it, nor one that hangs up.
 */
export function firewall(spares: (target: string) => boolean): (bytes: Buffer) => boolean {
  let isRefusing = false
  const requests = readMessages((head) => {
    const isUpgrade = /^upgrade:\s*websocket\s*$/im.test(head)
    isRefusing ||= isUpgrade && !spares(head.split(' ', 2)[1] ?? '')
    return isUpgrade ? 'rest' : declaredBody(head, 0)
  })
  return (bytes) => {
    requests.read(bytes)
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
