/**
 * Drops clients that do not read, by one rule for all transports. The waiting bytes of a client are limited, because
 * the feed sends the next batch only after the client has taken the last batch. But a client that stops reading still
 * occupies memory and a connection. A dropped client can return with its cursor and loses no event.
 */
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { readUnanswered } from './unanswered.ts'

export interface StallLimits {
  /** Maximum number of bytes that may wait in the stream. Bytes in the kernel's buffer do not count. */
  readonly waitingBytes: number
  /** Maximum time without progress while bytes wait. */
  readonly stalledMs: number
  /**
   * Maximum time for which a client may acknowledge nothing although the kernel sends the bytes again; Linux only. A
   * connected client that does not read still acknowledges.
   */
  readonly unansweredMs: number
}

/** Default limits. With a heartbeat every 15 s, a client that is gone is noticed within two heartbeats. */
export const PATIENCE: StallLimits = { waitingBytes: 1024 * 1024, stalledMs: 5000, unansweredMs: 10_000 }

export interface ProgressWatch {
  /** Watches the connection of a request until it closes. */
  watch(request: IncomingMessage): void
  /**
   * Sets the function that drops this client and tells it the reason. Without such a function the connection is
   * reset, which also frees the kernel's buffer.
   */
  dropBy(socket: Socket, drop: (reason: string) => void): void
  /** Calls `listener` for each dropped client, with the target of its latest request. Returns a function that removes the listener. */
  onDrop(listener: (target: string, reason: string) => void): () => void
  stop(): void
}

export interface ProgressOptions extends StallLimits {
  /** Returns true for a connection that must not be dropped, although it does not read. */
  readonly spares?: (socket: Socket) => boolean
}

interface Watched {
  target: string
  sentBytes: number
  /** Number of consecutive checks with waiting bytes and without progress. */
  stalledLooks: number
  drop: (reason: string) => void
}

/**
 * Number of checks without progress before a client is dropped. Checks are counted instead of time, because time also
 * passes while this process is stopped and sends nothing.
 */
const LOOKS = 5

export function watchProgress({ waitingBytes, stalledMs, unansweredMs, spares }: ProgressOptions): ProgressWatch {
  const open = new Map<Socket, Watched>()
  const listeners = new Set<(target: string, reason: string) => void>()
  const timer = setInterval(look, stalledMs / LOOKS).unref()
  const below = setInterval(() => void lookBelow(), unansweredMs / LOOKS).unref()

  return {
    watch({ socket, url: target = '' }) {
      const known = open.get(socket)
      if (known) known.target = target
      else if (!socket.destroyed) {
        open.set(socket, { target, sentBytes: 0, stalledLooks: 0, drop: () => socket.resetAndDestroy() })
        socket.once('close', () => open.delete(socket))
      }
    },
    dropBy(socket, drop) {
      const watched = open.get(socket)
      if (watched) watched.drop = drop
    },
    onDrop(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop() {
      clearInterval(timer)
      clearInterval(below)
    },
  }

  function look(): void {
    for (const [socket, watched] of open) {
      const reason = reasonToDrop(socket, watched)
      if (reason !== null) drop(socket, watched, reason)
    }
  }

  async function lookBelow(): Promise<void> {
    if (open.size === 0) return
    const isUnanswered = await readUnanswered(unansweredMs)
    if (!isUnanswered) return clearInterval(below)
    for (const [socket, watched] of open) {
      if (isUnanswered(socket)) drop(socket, watched, `half-open: no byte acknowledged for ${unansweredMs / 1000} s`)
    }
  }

  function drop(socket: Socket, watched: Watched, reason: string): void {
    if (spares?.(socket)) return
    open.delete(socket)
    watched.drop(reason)
    for (const listener of listeners) listener(watched.target, reason)
  }

  function reasonToDrop(socket: Socket, watched: Watched): string | null {
    const sentBytes = sent(socket)
    const isStalled = socket.writableLength > 0 && sentBytes === watched.sentBytes
    watched.stalledLooks = isStalled ? watched.stalledLooks + 1 : 0
    watched.sentBytes = sentBytes
    if (socket.writableLength > waitingBytes) return `too slow: more than ${inMebibytes(waitingBytes)} unread`
    return watched.stalledLooks >= LOOKS ? `too slow: no byte read for ${stalledMs / 1000} s` : null
  }
}

/**
 * Returns the number of bytes that the kernel has taken. `bytesWritten` of a kernel's socket also includes the
 * waiting bytes; that of a link does not.
 */
const sent = (socket: Socket): number => socket.bytesWritten - (socket instanceof Socket ? socket.writableLength : 0)

const inMebibytes = (bytes: number): string => `${+(bytes / 1024 / 1024).toFixed(2)} MiB`
