/**
 * Leads connections on, over this wire, to a server that stands elsewhere on this machine. What
 * crosses is what that server and its client wrote, byte for byte and in the same pieces; it meets
 * the same conditions and is counted like all else.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Link } from './link.ts'
import { bodyOfAnswer, declaredBody, isWebSocket, readMessages, statusOf } from './messages.ts'
import type { Body } from './messages.ts'
import type { Asked, Meter } from './meter.ts'
import { parseHead } from './request-head.ts'
import { tapUp } from './tap.ts'
import type { Wire } from './wire.ts'

export interface Passage {
  /** Takes a connection that has come. Where the server is not there it is reset, as if nobody listened. */
  carry(kernel: Socket): void
  holds(socket: Socket | Link): boolean
  /** Ends all connections: those in the middle of an answer whose length is known behind it. Their clients come back. */
  leave(): void
  /** Ends what is left of them. */
  close(): void
}

export interface PassageEnds {
  readonly wire: Wire
  /** Null: nothing is counted. */
  readonly meter: Meter | null
  /** Of the server, on 127.0.0.1; null while there is none. */
  port(): number | null
  /** Throws where a request may not pass. It is answered by `refuse`, and nothing of it that makes it whole goes on. */
  check(request: Pick<Asked, 'rawHeaders'>): void
  refuse(error: unknown, socket: Socket | Link): void
  /** The kernel took so long to connect to the server: one hop there and back. */
  connected(ms: number): void
}

/** A request that waits for its answer. */
interface Waiting {
  readonly isHead: boolean
  answered(): void
}

export function createPassage(ends: PassageEnds): Passage {
  const leaves = new Map<Socket | Link, () => void>()

  return {
    carry(kernel) {
      const port = ends.port()
      const socket = ends.wire.meet(kernel)
      if (!socket) return
      socket.on('error', () => {})
      if (port === null) return void socket.resetAndDestroy()
      leaves.set(socket, join(socket, dial(port), ends))
      socket.once('close', () => leaves.delete(socket))
    },
    holds: (socket) => leaves.has(socket),
    leave() {
      for (const leave of leaves.values()) leave()
    },
    close() {
      for (const socket of leaves.keys()) socket.destroy()
    },
  }

  function dial(port: number): Socket {
    const dialledAtMs = performance.now()
    const far = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    far.once('connect', () => ends.connected(performance.now() - dialledAtMs))
    return far
  }
}

/** Answers what ends it. */
function join(socket: Socket | Link, far: Socket, ends: PassageEnds): () => void {
  const waiting: Waiting[] = []
  const up = readRequests(socket, ends, (one) => waiting.push(one))
  const down = readAnswers(waiting)
  let isLeaving = false

  // Where bytes come in, as the meter has it; a `data` listener may be told of them later.
  tapUp(socket, (bytes) => {
    const trouble = up(bytes)
    if (trouble === null) return
    ends.refuse(trouble, socket)
    far.destroy()
  })
  socket.on('data', (bytes: Buffer) => {
    if (!far.destroyed && !far.write(bytes)) socket.pause()
  })
  far.on('drain', () => socket.resume())
  socket.on('end', () => far.end())
  socket.once('close', () => far.destroy())

  far.on('data', (bytes: Buffer) => {
    const over = down.read(bytes)
    const goesOn = socket.write(bytes, (error) => {
      if (!error) for (const { answered } of over) answered()
    })
    if (!goesOn) far.pause()
    if (isLeaving && !down.isInAnswer()) end()
  })
  socket.on('drain', () => far.resume())
  far.on('end', () => socket.end())
  far.on('error', () => socket.resetAndDestroy())
  far.once('close', () => socket.destroySoon())

  return () => {
    isLeaving = true
    if (!down.isInAnswer()) end()
  }

  function end(): void {
    socket.end()
    far.destroy()
  }
}

/** Tells each request to the meter as soon as its head is whole. Answers what is wrong with it, else null. */
function readRequests(
  socket: Socket | Link,
  { meter, check }: PassageEnds,
  begun: (request: Waiting) => void,
): (bytes: Buffer) => unknown {
  let reading: Buffer = Buffer.alloc(0)
  let trouble: unknown = null
  let isUpgraded = false
  const requests = readMessages((head, behindBytes) => {
    const request = parseHead(head)
    isUpgraded = isWebSocket(head)
    const body: Body = isUpgraded ? 'rest' : declaredBody(head, 0)
    // To the meter anything with the members of a socket is one.
    const asked: Asked = { ...request, socket: socket as Socket, headBytes: head.length }
    const frames = isUpgraded ? reading.subarray(reading.length - behindBytes) : undefined
    const answered = meter?.begin(asked, typeof body === 'number' ? body : Infinity, frames)
    begun({ isHead: request.method === 'HEAD', answered: answered ?? (() => {}) })
    try {
      check(request)
    } catch (error) {
      trouble ??= error
    }
    return body
  })

  return (bytes) => {
    reading = bytes
    requests.read(bytes)
    if (requests.isBeyond() && !isUpgraded) trouble ??= new Error('What came is no request of HTTP/1.1')
    return trouble
  }
}

interface Answers {
  /** Takes those out of the waiting that are answered with the last of these bytes. */
  read(bytes: Buffer): readonly Waiting[]
  /** In the middle of one that has a known end. */
  isInAnswer(): boolean
}

/** Answers to pipelined requests that come in one piece are over together: their sum is right, the share of each is not. */
function readAnswers(waiting: Waiting[]): Answers {
  let begun = 0
  let body: Body = 0
  const answers = readMessages((head) => {
    const status = statusOf(head)
    const isInterim = status < 200 && status !== 101
    body = waiting[begun]?.isHead ? 0 : bodyOfAnswer(head)
    if (!isInterim) begun += 1
    return body
  })

  return {
    read(bytes) {
      answers.read(bytes)
      if (!answers.isBetween()) return []
      const over = waiting.splice(0, begun)
      begun = 0
      return over
    },
    isInAnswer: () => !answers.isBetween() && typeof body === 'number',
  }
}
