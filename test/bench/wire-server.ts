/** The server that is measured: publishes when it is told to, and says how much CPU time it has used. */
import { createAccess } from '../../server/access.ts'
import { createApp } from '../../server/app.ts'
import { memoryLog } from '../../server/feed/memory-log.ts'

const app = await createApp({
  log: memoryLog(),
  access: createAccess([]),
  limits: false,
  wire: process.argv[2] === 'on',
})
await app.listen({ host: '127.0.0.1', port: 0 })
const address = app.server.address()

process.on('message', (what) => {
  if (what === 'publish') return void publish()
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})
process.send?.(typeof address === 'object' ? address?.port : undefined)

/** Not over the wire: what is measured is the way down. The mark is what the clients count. */
async function publish(): Promise<void> {
  await app.inject({
    method: 'POST',
    url: '/feed/lobby',
    headers: { host: 'localhost' },
    payload: { user: 'Ada', text: `~${'x'.repeat(80)}` },
  })
}
