/**
 * The way to the student's server over the sandbox's own wire: a port whose connections lead on to
 * it. So its bytes are counted, captured, bent and cut like those of the four lanes beside it.
 */
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Access } from '../access.ts'
import { answerRawError } from '../error-handler.ts'
import type { App } from '../transports/transport.ts'
import type { Meter } from '../wire/meter.ts'
import { createPassage } from '../wire/passage.ts'
import type { Passage } from '../wire/passage.ts'
import type { Wire } from '../wire/wire.ts'
import type { Kit } from './kit.ts'

export interface Way {
  /** Null where there is no kit. */
  readonly origin: string | null
  /** What the detour costs each way at the least; null before the first connection. */
  readonly hopMs: number | null
  /** Is told when that has changed. */
  follow(listener: () => void): () => void
}

/** Of the last so many connections. */
const HOPS = 15

export function openWay(
  app: App,
  access: Access,
  { wire, meter, kit }: { wire: Wire; meter: Meter | null; kit: Kit | undefined },
): Way & Pick<Passage, 'holds' | 'leave'> {
  const hops: number[] = []
  const listeners = new Set<() => void>()
  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (kernel) =>
    passage.carry(kernel),
  )
  const passage = createPassage({
    wire,
    meter,
    port: () => (kit?.state?.yours ? Number(new URL(kit.state.yours).port) : null),
    check({ rawHeaders }) {
      const host = fieldOf(rawHeaders, 'host') ?? ''
      const origin = fieldOf(rawHeaders, 'origin')
      // The sandbox's pages ask, from its own port.
      access.check({ headers: { host, ...(origin !== undefined && { origin }) } }, atPort(host, portOf(app.server)))
    },
    refuse: (error, socket) => answerRawError(error instanceof Error ? error : new Error(String(error)), socket),
    connected(ms) {
      hops.push(ms / 2)
      if (hops.length > HOPS) hops.shift()
      for (const listener of listeners) listener()
    },
  })

  app.addHook('onReady', async () => {
    if (kit) await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  })
  app.addHook('onClose', async () => {
    passage.close()
    server.close()
  })

  return {
    get origin() {
      return server.listening ? `http://localhost:${portOf(server)}` : null
    },
    get hopMs() {
      // The shortest: the others have waited for one of the two processes, too.
      return hops.length === 0 ? null : Math.min(...hops)
    },
    follow(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    holds: passage.holds,
    leave: passage.leave,
  }
}

function fieldOf(rawHeaders: readonly string[], name: string): string | undefined {
  const at = rawHeaders.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === name)
  return at < 0 ? undefined : rawHeaders[at + 1]
}

const atPort = (host: string, port: number): string => `${host.replace(/:\d+$/, '')}:${port}`

const portOf = (server: { address(): AddressInfo | string | null }): number => {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
