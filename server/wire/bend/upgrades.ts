import { declaredBody, isWebSocket, readMessages } from './messages.ts'

/** Reads bytes from the client. Calls `onUpgrade` with the target of each complete request for a WebSocket. */
export function readUpgrades(onUpgrade: (target: string) => void): (bytes: Buffer) => void {
  const requests = readMessages((head) => {
    if (!isWebSocket(head)) return declaredBody(head, 0)
    onUpgrade(head.split(' ', 2)[1] ?? '')
    return 'rest'
  })
  return requests.read
}
