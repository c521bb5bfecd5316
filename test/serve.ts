import { createAccess } from '../server/access/access.ts'
import type { AccessOptions } from '../server/access/access.ts'
import { createApp } from '../server/app.ts'
import type { AppParts } from '../server/app.ts'
import type { Log } from '../server/feed/log.ts'
import { memoryLog } from '../server/feed/memory-log.ts'
import type { Event } from '../server/protocol/feed.ts'
import type { Conditions, SettingsChange } from '../server/protocol/lab.ts'
import type { App } from '../server/http/app-type.ts'

export interface Served extends AsyncDisposable {
  readonly app: App
  readonly origin: string
  readonly port: number
  publish(text: string, room?: string): Promise<Event>
  /** Changes settings like an instructor's script. */
  set(change: SettingsChange): Promise<void>
  /** Returns the number of open connections, including upgraded ones. */
  connections(): Promise<number>
  close(): Promise<void>
}

export interface ServeOptions {
  readonly log?: Log
  readonly port?: number
  readonly allowHosts?: string[]
  readonly allowOrigins?: string[]
  readonly conditions?: Partial<Conditions>
  /** True for a server that other machines can reach: only the token makes an instructor. */
  readonly isShared?: boolean
  readonly token?: string
  /** Default: the limits of the server, but without the rates, which would slow down the tests. */
  readonly limits?: AppParts['limits']
  readonly times?: AppParts['times']
  readonly trustProxy?: AppParts['trustProxy']
  readonly auth?: AccessOptions['auth']
  readonly sessionFile?: AccessOptions['sessionFile']
  readonly transports?: AppParts['transports']
  readonly root?: AppParts['root']
  readonly compareProgram?: AppParts['compareProgram']
  readonly showFile?: AppParts['showFile']
  readonly scenes?: AppParts['scenes']
  readonly joinAddresses?: AppParts['joinAddresses']
}

/** Limits without rates, because tests send faster than any user. */
export const NO_RATES = {
  messagesPerSecondPerAddress: Infinity,
  messagesPerSecondPerClient: Infinity,
  costPerSecondPerAddress: Infinity,
  costPerSecondPerClient: Infinity,
  newRoomsPerMinutePerAddress: Infinity,
  newRoomsPerMinutePerClient: Infinity,
}

/** Starts a server on a free port, or on a given one to replace an earlier server. Its wire has the given conditions from the start. */
export async function serve({
  log = memoryLog(),
  port = 0,
  allowHosts = [],
  allowOrigins = [],
  conditions,
  isShared = false,
  token,
  limits = NO_RATES,
  times = {},
  trustProxy,
  auth,
  sessionFile = null,
  transports,
  root,
  compareProgram,
  joinAddresses,
  showFile = null,
  scenes,
}: ServeOptions = {}): Promise<Served> {
  const access = createAccess({
    hosts: allowHosts,
    allowOrigins,
    isShared,
    instructorToken: token,
    auth,
    sessionFile,
    peers: log.peers,
  })
  const app = await createApp({
    log,
    access,
    limits,
    times,
    trustProxy,
    root,
    compareProgram,
    joinAddresses,
    showFile,
    scenes,
    ...(transports && { transports }),
  })
  await app.listen({ host: '127.0.0.1', port })
  const address = app.server.address()
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port.')
  const origin = `http://127.0.0.1:${address.port}`
  const close = async () => {
    // Node's fetch keeps its connections open, and a test must not wait until they expire.
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
      // This publishes without a connection, because hundreds of round trips would only take time.
      if (conditions) return publishInside(app, text, room)
      const key = crypto.randomUUID()
      const send = () =>
        fetch(`${origin}/feed/${room}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': key },
          body: JSON.stringify({ user: 'Ada', text }),
        })
      // The pool of fetch may still have a connection of the earlier server or the earlier conditions.
      // The second attempt then gets 200 if the first one was accepted.
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
