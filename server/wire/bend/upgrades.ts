import { declaredBody, isWebSocket, readMessages } from './messages.ts'

/**
 * Returns a function that reads bytes from the client. If a request asks for a WebSocket, the function calls
 * `onUpgrade` with the request target.
 */
export function readUpgrades(onUpgrade: (target: string) => void): (bytes: Buffer) => void {
  const requests = readMessages({
    bodyOf(head) {
      if (!isWebSocket(head)) return declaredBody(head, 0)
      onUpgrade(head.split(' ', 2)[1] ?? '')
      return 'rest'
    },
  })
  return (bytes) => requests.read(bytes)
}
