import { declaredBody, isWebSocket, readMessages } from './messages.ts'

/** Returns a function that reads bytes from the client. It calls `onUpgrade` with the request target of a WebSocket. */
export function readUpgrades(onUpgrade: (target: string) => void): (bytes: Buffer) => void {
  const requests = readMessages((head) => {
    if (!isWebSocket(head)) return declaredBody(head, 0)
    onUpgrade(head.split(' ', 2)[1] ?? '')
    return 'rest'
  })
  return requests.read
}
