/**
 * Link: a connection under conditions. Node's HTTP server and ws use it as their socket. A line
 * connects it with the kernel's socket.
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
 * Accepts writes at once, up to the capacity of the line. If a write were accepted only when its bytes are due, the
 * next write would start too late.
 */
export class Link extends Duplex {
  readonly #kernel: Socket
  readonly #line: Line
  readonly #receipts = createReceipts()
  /** Callback of the write that waits for space. */
  #waiting: SentCallback | undefined
  #takenBytes = 0
  #sentBytes = 0
  #onSent: (bytes: number) => void = () => {}

  /**
   * Puts a link between the server and a socket. `spares` returns true for the request target of a WebSocket that no
   * condition may affect.
   */
  constructor(kernel: Socket, conditions: Conditions, spares: (target: string) => boolean) {
    // Node's HTTP server expects half-open sockets: it decides itself what to do after the client's FIN.
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
    // After both directions have ended properly, the pipe may still hold bytes from the client.
    kernel.on('close', () => (kernel.readableEnded && kernel.writableFinished) || this.destroy())
  }

  /** Writes like any socket: calls back when the kernel has the bytes. The link itself accepts the bytes earlier. */
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

  /** Deletes the bytes that the kernel does not have yet. Use `end` or `destroySoon` to deliver them first. */
  override _destroy(error: Error | null, done: SentCallback): void {
    this.#line.stop()
    this.#kernel.destroy()
    this.#receipts.giveUp()
    done(error)
  }

  /** Calls `listener` with the number of bytes that the kernel has taken, before the callbacks of the writes. */
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

  /** Sets the time without traffic, measured at the kernel's socket, after which `timeout` is emitted. 0 means never. */
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

/** Returns the socket as a link; null if it is the kernel's socket. */
export const linkOf = (socket: Duplex): Link | null => (socket instanceof Link ? socket : null)

/** Returns the link that stands between the server and a kernel's socket. */
export const linkBefore = (kernel: Socket): Link | undefined => links.get(kernel)
