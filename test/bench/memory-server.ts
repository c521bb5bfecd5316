/** A server whose memory is measured: says what it uses, after collecting, whenever it is asked. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createAccess } from '../../server/access.ts'
import { createApp } from '../../server/app.ts'
import { memoryLog } from '../../server/feed/memory-log.ts'
import { sqliteLog } from '../../server/feed/sqlite-log.ts'

export interface Memory {
  readonly heapBytes: number
  /** Buffers, which lie beside the heap. */
  readonly bufferBytes: number
  readonly rssBytes: number
  readonly connections: number
}

/** The event log's file or `:memory:`, how long who takes nothing is borne, and whether there are limits. */
const [data = ':memory:', stalledMs = '5000', limits = 'on'] = process.argv.slice(2)

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const app = await createApp({
  log: data === ':memory:' ? memoryLog() : sqliteLog(data),
  access: createAccess([]),
  times: { stalledMs: Number(stalledMs) },
  ...(limits === 'off' && { limits: false }),
})
await app.listen({ host: '127.0.0.1', port: 0 })
const address = app.server.address()

process.on('message', () => {
  app.server.getConnections((_error, connections) => {
    collect()
    const { heapUsed: heapBytes, arrayBuffers: bufferBytes, rss: rssBytes } = process.memoryUsage()
    process.send?.({ heapBytes, bufferBytes, rssBytes, connections } satisfies Memory)
  })
})
process.on('disconnect', () => process.exit())
process.send?.(typeof address === 'object' ? address?.port : undefined)
