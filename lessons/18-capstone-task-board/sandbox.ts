/** A sandbox of a check's own, which keeps few events, the gate in front of it, and somebody who comes by no gate: Ben. */
import { setTimeout as pause } from 'node:timers/promises'
import type { BoardAnswer, Change, Event, TaskChange } from '../../server/protocol.ts'
import { startGate } from './gate.ts'
import type { Gate } from './gate.ts'

/** Somebody who was away while more than this was changed has a gap. */
export const KEPT = 20

export interface Sandbox extends AsyncDisposable {
  readonly gate: Gate
  /** As the log has it. */
  board(room: string): Promise<BoardAnswer>
  /** Ben changes something. Throws where that is refused. */
  change(room: string, change: Change): Promise<Event>
}

export const create = (id: string, list = 'todo'): Change => ({ type: 'task_created', task: { id, title: id, list } })
export const update = (task: TaskChange): Change => ({ type: 'task_updated', task })
export const remove = (id: string): Change => ({ type: 'task_deleted', task: { id } })

export async function startSandbox(): Promise<Sandbox> {
  // Loading it takes longer than all else here, and whoever only lists the lessons needs none.
  const [{ createApp }, { createAccess }, { memoryLog }] = await Promise.all([
    import('../../server/app.ts'),
    import('../../server/access.ts'),
    import('../../server/feed/memory-log.ts'),
  ])
  const log = memoryLog({ events: KEPT, ageMs: 60 * 60_000 })
  const app = await createApp({ log, access: createAccess([]), limits: false, wire: false })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const gate = await startGate(port)
  const origin = `http://127.0.0.1:${port}`

  return {
    gate,
    board: async (room) => (await fetch(`${origin}/boards/${room}`)).json(),
    async change(room, change) {
      const response = await fetch(`${origin}/boards/${room}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user: 'Ben', ...change }),
      })
      if (!response.ok) throw new Error(await response.text())
      return response.json()
    },
    async [Symbol.asyncDispose]() {
      await gate[Symbol.asyncDispose]()
      const closing = app.close()
      // Whoever is still there has been told; what fetch keeps for later is not waited for.
      await Promise.race([closing, pause(50)])
      app.server.closeAllConnections()
      await closing
    },
  }
}
