/* oxlint-disable eslint/no-underscore-dangle -- Node's names of what a stream has to implement. */
import type { Socket } from 'node:net'

interface Chunk {
  readonly chunk: Buffer | string
  readonly encoding: BufferEncoding
}

const NONE: readonly (Chunk | Buffer)[] = []

/**
 * Tells what goes down, in order, for as long as the socket lives: what the kernel has taken, never
 * what is queued before it or was when the connection broke. It hangs where the stream hands its
 * queue on (`_write` and `_writev`, of which a stream runs one at a time), not at `write`: so it
 * needs nothing made for each write, and sees what `end` brings as well.
 */
export function tapDown(socket: Socket, down: (chunk: Buffer | string, encoding: BufferEncoding) => void): void {
  const write = socket._write
  const writev = socket._writev
  let taken = (): void => {}
  let next: (error?: Error | null) => void = () => {}
  let chunk: Buffer | string = ''
  let encoding: BufferEncoding = 'latin1'
  let chunks: readonly (Chunk | Buffer)[] = NONE

  const one = (): void => down(chunk, encoding)
  const many = (): void => {
    for (const one of chunks) {
      // Where all are buffers Node leaves the bare buffers in the array that it was given.
      if (Buffer.isBuffer(one)) down(one, 'latin1')
      else down(one.chunk, one.encoding)
    }
  }
  const done = (error?: Error | null): void => {
    if (!error) taken()
    chunk = ''
    chunks = NONE
    next(error)
  }

  socket._write = (only: Buffer | string, itsEncoding, callback) => {
    chunk = only
    encoding = itsEncoding
    taken = one
    next = callback
    write.call(socket, only, itsEncoding, done)
  }
  if (writev === undefined) return
  socket._writev = (several, callback) => {
    chunks = several
    taken = many
    next = callback
    writev.call(socket, several, done)
  }
}

/**
 * Tells what comes up from now on. At `push`, where the kernel's bytes come in,
 * because a `data` listener would set the stream flowing before its reader is there.
 */
export function tapUp(socket: Socket, up: (bytes: Buffer) => void): void {
  const push = socket.push
  socket.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (Buffer.isBuffer(chunk)) up(chunk)
    return push.call(socket, chunk, encoding)
  }
}
