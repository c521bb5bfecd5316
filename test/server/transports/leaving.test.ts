import { expect, test } from 'vitest'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

test.each(['sse', 'stream'])(
  'a stream by %s that opens while the server closes does not keep it open',
  async (path) => {
    const log = memoryLog()
    const held = Promise.withResolvers<void>()
    let asked = 0
    const server = await serve({
      log: {
        ...log,
        async extent(room) {
          asked += 1
          await held.promise
          return log.extent(room)
        },
      },
    })
    const opening = fetch(`${server.origin}/feed/lobby/${path}?after=0`)
    await until('the server reads the log', () => asked > 0)
    const closing = server.close()
    await until('the server has said goodbye', () => !server.app.server.listening)
    held.resolve()
    await (await opening).text()
    await closing
    expect(asked).toBeGreaterThan(0)
  },
)
