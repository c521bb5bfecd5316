import type { Server } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export interface Memory {
  readonly heapBytes: number
  /** Buffers, which are outside the heap. */
  readonly bufferBytes: number
  readonly rssBytes: number
  readonly connections: number
}

/** Sends the port of the server to the parent process. Then collects garbage and sends the memory at each message. */
export function reportMemory(server: Server): void {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  process.on('message', () => {
    server.getConnections((_error, connections) => {
      collect()
      const { heapUsed: heapBytes, arrayBuffers: bufferBytes, rss: rssBytes } = process.memoryUsage()
      process.send?.({ heapBytes, bufferBytes, rssBytes, connections } satisfies Memory)
    })
  })
  process.on('disconnect', () => process.exit())
  const address = server.address()
  process.send?.(typeof address === 'object' ? address?.port : undefined)
}
