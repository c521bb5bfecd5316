/** A proxy between server and client, which buffers responses and cuts idle connections. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { ask, exchangeOf } from './exchange.ts'
import type { RequestOptions, Exchange, PendingExchange } from './exchange.ts'
import { listen } from './port.ts'
import type { Trial } from './trial.ts'

export interface ProxyOptions extends RequestOptions {
  /**
   * Holds the response back until it has 8 KiB, like nginx by default, or like a compressor, which waits for enough
   * bytes to compress. Default: passes everything on at once.
   */
  readonly collects?: Collector
  /** Cuts the connection after this time without bytes in either direction. Default: never. */
  readonly idleCutMs?: number
}

/** Kinds of buffering proxies. Each obeys its own header that forbids buffering. */
export type Collector = 'nginx' | 'compressor'

export interface Proxied extends AsyncDisposable {
  /** The request as the client sees it. */
  readonly client: PendingExchange
  /** The program's response, as far as the proxy has received it. */
  readonly answer: Exchange
  /** Number of bytes that the proxy holds back. */
  readonly heldBytes: number
  /** Time of the cut, in ms of `wait`; null before it. */
  readonly cutAtMs: number | null
  /**
   * Moves the time of program and proxy, second by second. Everything that is written within a second arrives within
   * it, even on a busy machine. Ends with the cut. The program has to be frozen.
   */
  wait(ms: number): Promise<void>
}

const COLLECTED_BYTES = 8 * 1024

const STEP_MS = 1000

/** Time limit of a stream; longer than any check. */
const STREAM_MS = 30_000

const LETS_THROUGH: Readonly<Record<Collector, RegExp>> = {
  // nginx, ngx_http_proxy_module, proxy_buffering
  nginx: /^x-accel-buffering:\s*no\s*$/im,
  // RFC 9111, section 5.2.2.6; a comma separates two directives
  compressor: /^cache-control:(?:.*,)?\s*no-transform\s*(?:,.*)?$/im,
}

/** Sends one request through a new proxy. */
export async function through(trial: Trial, target: string, options: ProxyOptions = {}): Promise<Proxied> {
  const { collects, idleCutMs = Infinity, ...asked } = options
  let received = Buffer.alloc(0)
  let passedBytes = 0
  let nowMs = 0
  let heardAtMs = 0
  let cutAtMs: number | null = null

  const listening = createServer()
  const port = await listen(listening)
  const client = ask(port, target, { withinMs: STREAM_MS, ...asked }, trial.patience)
  const [near] = (await once(listening, 'connection')) as [Socket]
  listening.close()
  const far = trial.socket()
  await once(far, 'connect')
  const farPort = far.localPort ?? 0

  near.on('error', () => {}).on('close', () => far.destroy())
  near.on('data', (bytes: Buffer) => {
    heardAtMs = nowMs
    far.write(bytes)
  })
  far.on('close', () => near.destroy())
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
        // Bytes that are written at the last moment come too late, because on a real network they would need time.
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

  /** Resolves when everything that the program has written has arrived at the proxy. */
  async function settle(): Promise<void> {
    const written = (await trial.sent()).bytes.get(farPort) ?? 0
    await trial.until('all that was written is at the proxy', () => far.destroyed || received.length >= written)
  }
}
