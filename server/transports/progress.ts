/**
 * Drops clients that do not read; the rule is the same for all transports. The waiting bytes of a client are limited,
 * because the feed sends the next batch only after the client has taken the last batch. But a client that has stopped
 * reading still occupies memory and a connection. A dropped client can reconnect with its cursor and loses no event.
 */
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { readUnanswered } from './unanswered.ts'

export interface StallLimits {
  /** Maximum number of bytes that may wait in the stream of a socket. Bytes in the kernel's buffer do not count. */
  readonly waitingBytes: number
  /** Maximum time for which bytes may wait while the kernel takes none of them. */
  readonly stalledMs: number
  /**
   * Maximum time for which a client may acknowledge no byte, although the kernel sends the bytes again; Linux only. If
   * a client is connected but does not read, its kernel still acknowledges.
   */
  readonly unansweredMs: number
}

/** Default limits. With a heartbeat every 15 s, the server notices within two heartbeats that a client is gone. */
export const PATIENCE: StallLimits = { waitingBytes: 1024 * 1024, stalledMs: 5000, unansweredMs: 10_000 }

export interface ProgressWatch {
  /** Watches the connection of a request until it closes. */
  watch(request: IncomingMessage): void
  /**
   * Sets the function that drops a client and tells the client the reason. If no function is set for a client, its
   * connection is reset. A reset also frees the kernel's buffer.
   */
  dropBy(socket: Socket, drop: (reason: string) => void): void
  /**
   * Calls `listener` for each dropped client, with the target of the client's latest request and the reason. Returns a
   * function that removes the listener.
   */
  onDrop(listener: (target: string, reason: string) => void): () => void
  stop(): void
}

export interface ProgressOptions extends StallLimits {
  /** Returns true for a connection that must not be dropped, even if its client does not read. */
  readonly spares?: (socket: Socket) => boolean
}

interface Watched {
  target: string
  sentBytes: number
  /** Number of consecutive checks in which bytes waited and the kernel had taken none of them. */
  stalledLooks: number
  drop: (reason: string) => void
}

/**
 * Number of consecutive checks without progress after which a client is dropped. The server counts checks instead of
 * time, because time also passes while this process is stopped and sends nothing.
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
 * Returns the number of bytes that the kernel has taken. For a kernel's socket, `bytesWritten` includes the waiting
 * bytes. For a link, `bytesWritten` does not include the bytes that wait in the link.
 */
const sent = (socket: Socket): number => socket.bytesWritten - (socket instanceof Socket ? socket.writableLength : 0)

const inMebibytes = (bytes: number): string => `${+(bytes / 1024 / 1024).toFixed(2)} MiB`
