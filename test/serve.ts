import { createAccess } from '../server/access.ts'
import { createApp } from '../server/app.ts'
import type { Parts } from '../server/app.ts'
import type { Log } from '../server/feed/log.ts'
import { memoryLog } from '../server/feed/memory-log.ts'
import type { Conditions, Event, SettingsChange } from '../server/protocol.ts'
import type { App } from '../server/transports/transport.ts'

export interface Served extends AsyncDisposable {
  readonly app: App
  readonly origin: string
  readonly port: number
  publish(text: string, room?: string): Promise<Event>
  /** Sets them as an instructor's script does. */
  set(change: SettingsChange): Promise<void>
  /** Connections that are open right now, upgraded ones included. */
  connections(): Promise<number>
  close(): Promise<void>
}

export interface ServeOptions {
  readonly log?: Log
  readonly port?: number
  readonly allowHosts?: string[]
  readonly conditions?: Partial<Conditions>
  /** False makes this machine one like any other, on which only the token makes an instructor. */
  readonly isInstructor?: false
  readonly token?: string
  /** Default: those of the server, but for the rate of messages, at which no test could get anywhere. */
  readonly limits?: Parts['limits']
  readonly times?: Parts['times']
  readonly auth?: Parts['auth']
}

const NO_RATES = { messagesPerSecondPerAddress: Infinity, messagesPerSecondPerClient: Infinity }

/** A server of one's own on a free port, or on a given one to take another's place; with conditions on its wire from the start, or neutral. */
export async function serve({
  log = memoryLog(),
  port = 0,
  allowHosts = [],
  conditions,
  isInstructor,
  token,
  limits = NO_RATES,
  times = {},
  auth,
}: ServeOptions = {}): Promise<Served> {
  const isHome = isInstructor === false ? { isHome: () => false } : {}
  const app = await createApp({ log, access: createAccess(allowHosts, { token, ...isHome }), limits, times, auth })
  await app.listen({ host: '127.0.0.1', port })
  const address = app.server.address()
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port.')
  const origin = `http://127.0.0.1:${address.port}`
  const close = async () => {
    // Node's fetch keeps its connections; a test does not wait for them to grow old.
    setTimeout(() => app.server.closeAllConnections(), 1500).unref()
    await app.close()
  }

  const set = async (change: SettingsChange) => {
    const body = JSON.stringify(change)
    const send = () =>
      fetch(`${origin}/lab/settings`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body })
    const response = await send().catch(send)
    if (response.status !== 200) throw new Error(await response.text())
    await response.arrayBuffer()
  }
  if (conditions) await set({ conditions })

  return {
    app,
    origin,
    port: address.port,
    set,
    async publish(text, room = 'lobby') {
      // Past the wire: nothing is tested by hundreds of publishes that each take a round trip.
      if (conditions) return publishInside(app, text, room)
      const key = crypto.randomUUID()
      const send = () =>
        fetch(`${origin}/feed/${room}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': key },
          body: JSON.stringify({ user: 'Ada', text }),
        })
      // A connection of the server before this one, or of the conditions before, may still lie in
      // fetch's pool; what was accepted on it already is answered by 200.
      const response = await send().catch(send)
      if (!response.ok) throw new Error(await response.text())
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

async function publishInside(app: App, text: string, room: string): Promise<Event> {
  const response = await app.inject({
    method: 'POST',
    url: `/feed/${room}`,
    headers: { host: 'localhost' },
    payload: { user: 'Ada', text },
  })
  if (response.statusCode !== 201) throw new Error(response.body)
  return response.json()
}
