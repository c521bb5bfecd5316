/**
 * A link is a connection under network conditions. Node's HTTP server and the package ws use the link as their socket.
 * A line connects the link with the kernel's socket.
 */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Conditions } from '../../protocol/lab.ts'
import { FORBIDDEN } from './conditions/firewall.ts'
import { createLine } from './line.ts'
import type { Line } from './line.ts'
import { createReceipts } from './receipts.ts'
import type { SentCallback } from './receipts.ts'

const links = new WeakMap<Socket, Link>()

/**
 * A link accepts writes at once, up to the capacity of its line. If a link accepted a write only when its bytes are
 * due, the delay of the next write would start too late.
 */
export class Link extends Duplex {
  readonly #kernel: Socket
  readonly #line: Line
  readonly #receipts = createReceipts()
  /** Callback of the write that waits until the line has space. */
  #waiting: SentCallback | undefined
  #takenBytes = 0
  #sentBytes = 0
  #onSent: (bytes: number) => void = () => {}

  /**
   * Puts a link between the server and a socket. If `spares` returns true for a WebSocket's request target, no
   * condition affects this WebSocket.
   */
  constructor(kernel: Socket, conditions: Conditions, spares: (target: string) => boolean) {
    // Node's HTTP server decides what to do after the client's FIN, so its socket must be able to be half-open.
    super({ allowHalfOpen: true })
    this.#kernel = kernel
    links.set(kernel, this)
    this.#line = createLine(kernel, conditions, spares, {
      receive: (bytes) => this.push(bytes),
      received: () => this.push(null),
      sent: (bytes) => {
        this.#sentBytes += bytes
        this.#onSent(bytes)
        this.#receipts.sent(bytes)
      },
      roomAgain: () => this.#takeOn(),
      refused: () => this.#refuse(),
      idle: () => this.destroy(),
    })
    kernel.on('timeout', () => this.emit('timeout'))
    kernel.on('error', (error) => this.destroy(error))
    // Keep the link if both directions of the kernel's socket have ended properly: the pipe may still hold bytes from
    // the client.
    kernel.on('close', () => (kernel.readableEnded && kernel.writableFinished) || this.destroy())
  }

  /** Calls back when the kernel has taken the bytes, as any socket does. The link itself accepts the bytes earlier. */
  override write(
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | SentCallback,
    callback?: SentCallback,
  ): boolean {
    const named = typeof encoding === 'string' ? encoding : 'utf8'
    const done = typeof encoding === 'function' ? encoding : callback
    const whenSent = this.#receipts.expect(Buffer.byteLength(chunk, named))
    return super.write(chunk, named, done && ((error) => (error ? done(error) : whenSent(done))))
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: SentCallback): void {
    this.#take(bytes, done)
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: SentCallback): void {
    this.#take(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _read(): void {
    this.#line.resume()
  }

  override _final(done: SentCallback): void {
    this.#line.end(done)
  }

  /**
   * Deletes the bytes that the kernel has not taken yet. To deliver these bytes first, call `end` or `destroySoon`
   * instead.
   */
  override _destroy(error: Error | null, done: SentCallback): void {
    this.#line.stop()
    this.#kernel.destroy()
    this.#receipts.giveUp()
    done(error)
  }

  /**
   * Calls `listener` each time the kernel has taken bytes, with the number of these bytes. The callbacks of the writes
   * run later.
   */
  onSent(listener: (bytes: number) => void): void {
    this.#onSent = listener
  }

  /** Number of bytes that the line has accepted. */
  get takenBytes(): number {
    return this.#takenBytes
  }

  get sentBytes(): number {
    return this.#sentBytes
  }

  #take(bytes: Buffer, done: SentCallback): void {
    this.#takenBytes += bytes.length
    if (this.#line.send(bytes)) done()
    else this.#waiting = done
  }

  #takeOn(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.()
  }

  #refuse(): void {
    this.end(FORBIDDEN)
    this.destroySoon()
  }

  destroySoon(): void {
    this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  resetAndDestroy(): this {
    this.#kernel.resetAndDestroy()
    return this.destroy()
  }

  /**
   * Emits `timeout` when the kernel's socket has had no traffic for `ms`. If `ms` is 0, the link never emits `timeout`.
   */
  setTimeout(ms: number, listener?: () => void): this {
    this.#kernel.setTimeout(ms)
    if (listener && ms > 0) this.once('timeout', listener)
    else if (listener) this.off('timeout', listener)
    return this
  }

  setNoDelay(isOn?: boolean): this {
    this.#kernel.setNoDelay(isOn)
    return this
  }

  setKeepAlive(isOn?: boolean, initialDelayMs?: number): this {
    this.#kernel.setKeepAlive(isOn, initialDelayMs)
    return this
  }

  ref(): this {
    this.#kernel.ref()
    return this
  }

  unref(): this {
    this.#kernel.unref()
    return this
  }

  address(): ReturnType<Socket['address']> {
    return this.#kernel.address()
  }

  get timeout(): number | undefined {
    return this.#kernel.timeout
  }

  get bytesRead(): number {
    return this.#kernel.bytesRead
  }

  get bytesWritten(): number {
    return this.#kernel.bytesWritten
  }

  get remoteAddress(): string | undefined {
    return this.#kernel.remoteAddress
  }

  get remoteFamily(): string | undefined {
    return this.#kernel.remoteFamily
  }

  get remotePort(): number | undefined {
    return this.#kernel.remotePort
  }

  get localAddress(): string | undefined {
    return this.#kernel.localAddress
  }

  get localFamily(): string | undefined {
    return this.#kernel.localFamily
  }

  get localPort(): number | undefined {
    return this.#kernel.localPort
  }
}

/** Returns the socket if it is a link. Returns null if the socket is the kernel's socket. */
export const linkOf = (socket: Duplex): Link | null => (socket instanceof Link ? socket : null)

/** Returns the link that stands between the server and a kernel's socket. */
export const linkBefore = (kernel: Socket): Link | undefined => links.get(kernel)
