/** Measured server. It publishes on request, and reports its CPU time. */
import { createAccess } from '../../server/access/access.ts'
import { createApp } from '../../server/app.ts'
import { memoryLog } from '../../server/feed/memory-log.ts'

const app = await createApp({
  log: memoryLog(),
  access: createAccess(),
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

/** Publishes without a connection, because only the delivery is measured. The clients count the mark "~". */
async function publish(): Promise<void> {
  await app.inject({
    method: 'POST',
    url: '/feed/lobby',
    headers: { host: 'localhost' },
    payload: { user: 'Ada', text: `~${'x'.repeat(80)}` },
  })
}
