import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export interface Balancer extends AsyncDisposable {
  readonly origin: string
  readonly port: number
  /** Cuts all connections. Each client then connects to the next server. */
  cut(): void
  /** From now on, the open connections pass no byte in either direction, and do not end. Later connections work. */
  freeze(): void
  /** Leads later connections only to these servers. Open connections stay. */
  pointTo(...servers: readonly (number | string)[]): void
  /** While this is true, each new connection is reset. */
  isRefusing: boolean
}

/** A load balancer that is not sticky: it gives each new connection to the next server. A server is a port or a socket. */
export async function balance(...first: readonly (number | string)[]): Promise<Balancer> {
  let servers = first
  let next = 0
  let isRefusing = false
  let frozen = 0
  const open = new Set<Socket>()
  const server = createServer((near) => {
    if (isRefusing) return void near.resetAndDestroy()
    const freezes = frozen
    const to = servers[next++ % servers.length] ?? 0
    const far = typeof to === 'string' ? connect(to) : connect(to, '127.0.0.1')
    for (const [from, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from)
      from.on('error', () => {})
      from.on('data', (bytes) => {
        if (freezes === frozen) other.write(bytes)
      })
      from.on('close', () => {
        open.delete(from)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const cut = (): void => open.forEach((socket) => socket.destroy())
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    cut,
    freeze: () => void (frozen += 1),
    pointTo: (...later) => void (servers = later),
    get isRefusing() {
      return isRefusing
    },
    set isRefusing(is) {
      isRefusing = is
    },
    async [Symbol.asyncDispose]() {
      server.close()
      cut()
    },
  }
}
