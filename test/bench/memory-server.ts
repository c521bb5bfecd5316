/** Server whose memory is measured. On request it collects garbage and reports its memory use. */
import { createAccess } from '../../server/access/access.ts'
import { createApp } from '../../server/app.ts'
import { memoryLog } from '../../server/feed/memory-log.ts'
import { sqliteLog } from '../../server/feed/sqlite-log.ts'
import { reportMemory } from './report-memory.ts'

/** Arguments: the event log's file or `:memory:`, the time after which a stalled client is dropped, and whether limits apply. */
const [data = ':memory:', stalledMs = '5000', limits = 'on'] = process.argv.slice(2)

const app = await createApp({
  log: data === ':memory:' ? memoryLog() : sqliteLog(data),
  access: createAccess(),
  times: { stalledMs: Number(stalledMs) },
  ...(limits === 'off' && { limits: false }),
})
await app.listen({ host: '127.0.0.1', port: 0 })
reportMemory(app.server)
