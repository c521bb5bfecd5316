import { createAccess } from '../server/access.ts'
import { createApp } from '../server/app.ts'
import type { Log } from '../server/feed/log.ts'
import { memoryLog } from '../server/feed/memory-log.ts'
import type { Event } from '../server/protocol.ts'
import type { App } from '../server/transports/transport.ts'

export interface Served extends AsyncDisposable {
  readonly app: App
  readonly origin: string
  readonly port: number
  publish(text: string, room?: string): Promise<Event>
  /** Connections that are open right now, upgraded ones included. */
  connections(): Promise<number>
  close(): Promise<void>
}

/** A server of one's own on a free port, or on a given one to take another's place. */
export async function serve({
  log = memoryLog(),
  port = 0,
  allowHosts = [],
}: { log?: Log; port?: number; allowHosts?: string[] } = {}): Promise<Served> {
  const app = await createApp({ log, access: createAccess(allowHosts) })
  await app.listen({ host: '127.0.0.1', port })
  const address = app.server.address()
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port.')
  const origin = `http://127.0.0.1:${address.port}`
  const close = async () => {
    // Node's fetch keeps its connections; a test does not wait for them to grow old.
    setTimeout(() => app.server.closeAllConnections(), 1500).unref()
    await app.close()
  }

  return {
    app,
    origin,
    port: address.port,
    async publish(text, room = 'lobby') {
      const key = crypto.randomUUID()
      const send = () =>
        fetch(`${origin}/feed/${room}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': key },
          body: JSON.stringify({ user: 'Ada', text }),
        })
      // A connection of the server before this one may still lie in fetch's pool.
      const response = await send().catch(send)
      if (response.status !== 201) throw new Error(await response.text())
      return response.json()
    },
    connections: () =>
      new Promise((resolve, reject) =>
        app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    close,
    [Symbol.asyncDispose]: close,
  }
}
