import { declaredBody, isWebSocket, readMessages } from './messages.ts'

/** Reads what goes up and tells of each request for a WebSocket by its target, once its head is whole. */
export function readUpgrades(tell: (target: string) => void): (bytes: Buffer) => void {
  const requests = readMessages((head) => {
    if (!isWebSocket(head)) return declaredBody(head, 0)
    tell(head.split(' ', 2)[1] ?? '')
    return 'rest'
  })
  return requests.read
}
