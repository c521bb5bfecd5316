import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { LabMessage } from '../../../server/protocol/lab.ts'

/** Collects the lab's messages about dropped lanes of a page. */
export async function listenToDrops(origin: string, page: string) {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/lab?room=elsewhere&page=${page}`)
  const drops: Extract<LabMessage, { type: 'dropped' }>[] = []
  socket.on('message', (data) => {
    const message: LabMessage = JSON.parse(String(data))
    if (message.type === 'dropped') drops.push(message)
  })
  await once(socket, 'open')
  return { drops, [Symbol.dispose]: () => socket.terminate() }
}
