/** Server whose memory is measured. On request it collects garbage and reports its memory use. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createAccess } from '../../server/access/access.ts'
import { createApp } from '../../server/app.ts'
import { memoryLog } from '../../server/feed/memory-log.ts'
import { sqliteLog } from '../../server/feed/sqlite-log.ts'

export interface Memory {
  readonly heapBytes: number
  /** Buffers, which are outside the heap. */
  readonly bufferBytes: number
  readonly rssBytes: number
  readonly connections: number
}

/** Arguments: the event log's file or `:memory:`, the time after which a stalled client is dropped, and whether limits apply. */
const [data = ':memory:', stalledMs = '5000', limits = 'on'] = process.argv.slice(2)

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const app = await createApp({
  log: data === ':memory:' ? memoryLog() : sqliteLog(data),
  access: createAccess(),
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
