/* oxlint-disable eslint/no-underscore-dangle -- Node's names of what a stream has to implement. */
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'

interface Chunk {
  readonly chunk: Buffer | string
  readonly encoding: BufferEncoding
}

export interface DownTap<Owner> {
  /** From now on what goes down is counted and not told, where that can be had for less. */
  pass(): void
  /** Tells again what goes down. Nothing may be queued. */
  listen(): void
  /** Answers how many bytes have gone down untold, since it was last asked. */
  take(): number
  /** Is some of what this one has written not yet with the kernel, though its stream has let go of it? */
  holds(owner: Owner): boolean
  /** What was written, is not yet with the kernel and belongs to nobody becomes this one's. Answers how many bytes. */
  adopt(owner: Owner): number
}

/**
 * Tells what goes down, in order: what the kernel has taken, never what is queued before it or was
 * when the connection broke. A write counts when all of it is taken.
 *
 * It hangs where the stream hands its queue on (`_write` and `_writev`, of which a stream runs one
 * at a time), not at `write`: so it needs nothing made for each write, and sees what `end` brings.
 *
 * Even so it costs a fan-out to a thousand sockets some percent, for they do not fit the
 * processor's cache, and neither does what is kept for each. So it passes what nobody looks into:
 * then Node's own count has to do, which takes the very write at which a connection breaks for sent.
 */
export function tapDown(
  socket: Socket,
  down: (chunk: Buffer | string, encoding: BufferEncoding) => void,
): DownTap<unknown> {
  const { _write: write, _writev: writev, destroy } = socket
  /** Bytes down so far that were told of, or taken. */
  let told = sent(socket)
  let isPassing = false
  /** All bytes down, where they were passing when the socket was destroyed: it forgets what was queued. */
  let sentAtEnd: number | null = null
  /** Of the write under way. */
  let next: (error?: Error | null) => void = () => {}
  let chunk: Buffer | string = ''
  let encoding: BufferEncoding = 'latin1'
  let chunks: readonly (Chunk | Buffer)[] | null = null

  listen()
  return {
    pass() {
      // What stands before the kernel's socket counts as it likes.
      if (isPassing || !(socket instanceof Socket)) return
      isPassing = true
      socket._write = write
      if (writev) socket._writev = writev
      socket.destroy = (error) => {
        sentAtEnd ??= sent(socket)
        return destroy.call(socket, error)
      }
    },
    listen,
    take() {
      if (!isPassing) return 0
      const bytes = (sentAtEnd ?? sent(socket)) - told
      told += bytes
      return bytes
    },
    holds: () => false,
    adopt: () => 0,
  }

  function listen(): void {
    isPassing = false
    socket.destroy = destroy
    socket._write = (only: Buffer | string, itsEncoding, callback) => {
      chunk = only
      encoding = itsEncoding
      next = callback
      write.call(socket, only, itsEncoding, done)
    }
    if (!writev) return
    socket._writev = (several, callback) => {
      chunks = several
      next = callback
      writev.call(socket, several, done)
    }
  }

  function done(error?: Error | null): void {
    if (!error) {
      if (chunks) for (const one of chunks) tell(one)
      else tell({ chunk, encoding })
    }
    chunk = ''
    chunks = null
    next(error)
  }

  function tell(one: Chunk | Buffer): void {
    // Where all are buffers Node leaves the bare buffers in the array that it was given.
    const { chunk, encoding } = Buffer.isBuffer(one) ? { chunk: one, encoding: 'latin1' as const } : one
    told += byteLength(chunk, encoding)
    down(chunk, encoding)
  }
}

const sent = ({ bytesWritten, writableLength }: Socket): number => bytesWritten - writableLength

export const byteLength = (chunk: Buffer | string, encoding: BufferEncoding): number =>
  typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.length

/**
 * Tells what comes up from now on, over a connection or in the body of a request, and its end. At
 * `push`, where the bytes come in, because a `data` listener would set the stream flowing before its
 * reader is there.
 */
export function tapUp(stream: Readable, up: (bytes: Buffer) => void, ended: () => void = () => {}): void {
  const push = stream.push
  stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (Buffer.isBuffer(chunk)) up(chunk)
    if (chunk === null) ended()
    return push.call(stream, chunk, encoding)
  }
}
