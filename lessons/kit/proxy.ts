/** What may stand between a server and its client: a proxy that collects answers, and cuts a connection on which nobody speaks. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { ask, exchangeOf } from './exchange.ts'
import type { Asked, Exchange, Pending } from './exchange.ts'
import type { Trial } from './trial.ts'

export interface Manners extends Asked {
  /**
   * Holds the answer back until 8 KiB of it are together, as nginx does by default, or as a compressor, which
   * gives nothing out before it has enough to compress. Default: passes all on at once.
   */
  readonly collects?: Collector
  /** Cuts the connection when nothing was said on it for so long, in either direction. Default: never. */
  readonly idleCutMs?: number
}

/** Each lets an answer through that asks for it in its own way. */
export type Collector = 'nginx' | 'compressor'

export interface Proxied extends AsyncDisposable {
  /** The request as the client sees it. */
  readonly client: Pending
  /** What the proxy has of the program's answer. */
  readonly answer: Exchange
  /** Bytes of it that the client has not got. */
  readonly heldBytes: number
  /** In ms of `wait`; null while the connection has not been cut. */
  readonly cutAtMs: number | null
  /**
   * Moves the program's time, and the proxy's with it, second by second: what is written in a second is here
   * in that second, however busy the machine is. Ends with the cut. The program has to be one that is frozen.
   */
  wait(ms: number): Promise<void>
}

const COLLECTED_BYTES = 8 * 1024

const STEP_MS = 1000

/** A stream stays open for as long as its check. */
const STREAM_MS = 30_000

const LETS_THROUGH: Readonly<Record<Collector, RegExp>> = {
  // nginx, ngx_http_proxy_module, proxy_buffering
  nginx: /^x-accel-buffering:\s*no\s*$/im,
  // RFC 9111, section 5.2.2.6
  compressor: /^cache-control:(?:.*[,\s])?no-transform\s*(?:,.*)?$/im,
}

/** Sends one request through a proxy of its own. */
export async function through(trial: Trial, target: string, manners: Manners = {}): Promise<Proxied> {
  const { collects, idleCutMs = Infinity, ...asked } = manners
  let received = Buffer.alloc(0)
  let passedBytes = 0
  let nowMs = 0
  let heardAtMs = 0
  let cutAtMs: number | null = null

  const listening = createServer().listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const address = listening.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const client = ask(port, target, { withinMs: STREAM_MS, ...asked }, trial.patience)
  const [near] = (await once(listening, 'connection')) as [Socket]
  listening.close()
  const far = connect(trial.port, '127.0.0.1')
  await once(far, 'connect')
  const farPort = far.localPort ?? 0

  near.on('error', () => {}).on('close', () => far.destroy())
  near.on('data', (bytes: Buffer) => {
    heardAtMs = nowMs
    far.write(bytes)
  })
  far.on('error', () => {}).on('close', () => near.destroy())
  far.on('data', (bytes: Buffer) => {
    heardAtMs = nowMs
    received = Buffer.concat([received, bytes])
    if (received.length - passedBytes >= COLLECTED_BYTES || isLetThrough()) passOn()
  })
  far.on('end', () => {
    passOn()
    near.end()
  })

  return {
    client,
    get answer() {
      return exchangeOf(client.soFar.requestLine, received, 'late', nowMs)
    },
    get heldBytes() {
      return received.length - passedBytes
    },
    get cutAtMs() {
      return cutAtMs
    },
    async wait(ms) {
      await settle()
      for (const endMs = nowMs + ms; nowMs < endMs && cutAtMs === null;) {
        nowMs += STEP_MS
        // Who speaks in the very last moment is too late: on a real way it would take time.
        if (nowMs - heardAtMs >= idleCutMs) cut()
        await trial.tick(STEP_MS)
        await settle()
      }
    },
    async [Symbol.asyncDispose]() {
      client.leave()
      far.destroy()
    },
  }

  function isLetThrough(): boolean {
    if (collects === undefined) return true
    const end = received.indexOf('\r\n\r\n')
    return end >= 0 && LETS_THROUGH[collects].test(received.toString('latin1', 0, end))
  }

  function passOn(): void {
    near.write(received.subarray(passedBytes))
    passedBytes = received.length
  }

  function cut(): void {
    cutAtMs = nowMs
    near.destroy()
    far.destroy()
  }

  /** Resolves when all that the program has written is here. */
  async function settle(): Promise<void> {
    const written = (await trial.sent()).bytes.get(farPort) ?? 0
    await trial.until('all that was written is at the proxy', () => far.destroyed || received.length >= written)
  }
}
