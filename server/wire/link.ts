/**
 * A connection under conditions. To Node's HTTP server and to ws it is the socket; the kernel's
 * own lies behind the line.
 */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Conditions } from '../protocol.ts'
import { FORBIDDEN } from './conditions/firewall.ts'
import { createLine } from './line.ts'
import type { Line } from './line.ts'
import { createReceipts } from './receipts.ts'
import type { Done } from './receipts.ts'

/** Writes are taken at once, up to what the line holds: were each held until it is due, the next would have to wait for it. */
export class Link extends Duplex {
  readonly #kernel: Socket
  readonly #line: Line
  readonly #receipts = createReceipts()
  /** The write that waits for room. */
  #waiting: Done | undefined
  #deliveredBytes = 0
  #takenBytes = 0
  #sentBytes = 0
  #onSent: (bytes: number) => void = () => {}

  /** `spares`: targets of WebSockets that no condition meets. */
  constructor(kernel: Socket, conditions: Conditions, spares: (target: string) => boolean) {
    // As Node's HTTP server wants its sockets: who half-closes is heard of first.
    super({ allowHalfOpen: true })
    this.#kernel = kernel
    this.#line = createLine(kernel, conditions, spares, {
      receive: (bytes) => {
        this.#deliveredBytes += bytes.length
        return this.push(bytes)
      },
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
    // After a proper end, both ways, there may be bytes on their way up still, and their end behind them.
    kernel.on('close', () => (kernel.readableEnded && kernel.writableFinished) || this.destroy())
  }

  /** As of any socket, the callback says that the kernel has the bytes: here that is not when they are taken. */
  override write(chunk: string | Uint8Array, encoding?: BufferEncoding | Done, callback?: Done): boolean {
    const named = typeof encoding === 'string' ? encoding : 'utf8'
    const done = typeof encoding === 'function' ? encoding : callback
    const tell = this.#receipts.expect(Buffer.byteLength(chunk, named))
    return super.write(chunk, named, done && ((error) => (error ? done(error) : tell(done))))
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#take(bytes, done)
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: Done): void {
    this.#take(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _read(): void {
    this.#line.resume()
  }

  override _final(done: Done): void {
    this.#line.end(done)
  }

  /** What is under way is lost, where the kernel alone would still send it: an answer to be read ends by `end` or `destroySoon`. */
  override _destroy(error: Error | null, done: Done): void {
    this.#line.stop()
    this.#kernel.destroy()
    this.#receipts.giveUp()
    done(error)
  }

  /** Calls back for each so many bytes more that the kernel has, before their writers are told. */
  onSent(listener: (bytes: number) => void): void {
    this.#onSent = listener
  }

  /** Of what the kernel has read, so many bytes have come through the line. */
  get deliveredBytes(): number {
    return this.#deliveredBytes
  }

  /** Has been written, and is with the line or behind it. */
  get takenBytes(): number {
    return this.#takenBytes
  }

  get sentBytes(): number {
    return this.#sentBytes
  }

  #take(bytes: Buffer, done: Done): void {
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

  /** Silence as the kernel's socket sees it. 0 is for ever. */
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

/** The link that a socket is, where one stands before the kernel's own. */
export const linkOf = (socket: Duplex): Link | null => (socket instanceof Link ? socket : null)
