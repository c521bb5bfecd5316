/** Lets a server of this folder listen for many clients, and sends its port to the process that started it. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { portOf } from '../../lessons/kit/port.ts'

/** Connections that wait until the server accepts them. With Node's default of 511, Linux drops some of 10,000. */
const BACKLOG = 4096

/** Ends this process when the process that started it has ended. */
export async function listenForParent(server: Server): Promise<void> {
  process.on('disconnect', () => process.exit())
  server.listen(0, '127.0.0.1', BACKLOG)
  await once(server, 'listening')
  process.send?.(portOf(server))
}
