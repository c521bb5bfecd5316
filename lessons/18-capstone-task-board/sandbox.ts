/** Sandbox for one check. It keeps few events. Ada's page connects through the gate, and Ben connects directly. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Change, TaskChange } from '../../server/protocol/board.ts'
import type { BoardAnswer } from '../../server/protocol/board-answer.ts'
import type { Event } from '../../server/protocol/feed.ts'
import { portOf } from '../kit/port.ts'
import { startGate } from './gate.ts'
import type { Gate } from './gate.ts'

/** Number of events that the log keeps. */
export const KEPT = 20

export interface Sandbox extends AsyncDisposable {
  readonly gate: Gate
  /** Returns the board as the log has it. */
  board(room: string): Promise<BoardAnswer>
  /** Changes the board as Ben, or as this user; throws if the server refuses it. */
  change(room: string, change: Change, user?: string): Promise<Event>
  /** Starts the server again at the same address, with a new and empty log. */
  renew(): Promise<void>
}

export const create = (id: string, list = 'todo'): Change => ({ type: 'task_created', task: { id, title: id, list } })
export const update = (task: TaskChange): Change => ({ type: 'task_updated', task })
export const remove = (id: string): Change => ({ type: 'task_deleted', task: { id } })

export async function startSandbox(): Promise<Sandbox> {
  // The server is loaded here, because this is slow, and a list of the lessons does not need it.
  const [{ createApp }, { createAccess }, { memoryLog }] = await Promise.all([
    import('../../server/app.ts'),
    import('../../server/access/access.ts'),
    import('../../server/feed/memory-log.ts'),
  ])
  const start = async (port: number) => {
    const log = memoryLog({ events: KEPT, ageMs: 60 * 60_000 })
    const started = await createApp({ log, access: createAccess(), limits: false, wire: false })
    await started.listen({ host: '127.0.0.1', port })
    return started
  }
  const stop = async () => {
    const closing = app.close()
    // After this pause the clients have got their goodbye. Idle connections of fetch would keep the server open.
    await Promise.race([closing, pause(50)])
    app.server.closeAllConnections()
    await closing
  }
  let app = await start(0)
  let keys = 0
  const port = portOf(app.server)
  const gate = await startGate(port)
  const origin = `http://127.0.0.1:${port}`

  return {
    gate,
    board: async (room) => (await fetch(`${origin}/boards/${room}`)).json(),
    async change(room, change, user = 'Ben') {
      const response = await fetch(`${origin}/boards/${room}`, {
        method: 'POST',
        // Every page sends a key, and so does Ben's.
        headers: { 'content-type': 'application/json', 'idempotency-key': `${user}-elsewhere-${(keys += 1)}` },
        body: JSON.stringify({ user, ...change }),
      })
      if (!response.ok) throw new Error(await response.text())
      return response.json()
    },
    async renew() {
      await stop()
      app = await start(port)
    },
    async [Symbol.asyncDispose]() {
      await gate[Symbol.asyncDispose]()
      await stop()
    },
  }
}
