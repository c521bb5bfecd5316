/**
 * One rule for whoever does not take what is sent to it, over whichever transport. What waits for
 * a client is bounded anyway, for the feed goes on only when the last batch is taken; but a client
 * that takes nothing holds its place and its bytes for nothing. So it is dropped, and may come
 * back with its cursor: nothing is lost.
 */
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { readUnanswered } from './unanswered.ts'

export interface Patience {
  /** So much may wait in the stream, besides what the kernel holds. */
  readonly waitingBytes: number
  /** So long may all that waits stand still. */
  readonly stalledMs: number
  /**
   * So long may a client acknowledge nothing of what the kernel sends it, again and again; on Linux
   * only. One that reads nothing acknowledges all the same.
   */
  readonly unansweredMs: number
}

/** A heartbeat after 15 s, and this: who is gone is noticed within two heartbeats. */
export const PATIENCE: Patience = { waitingBytes: 1024 * 1024, stalledMs: 5000, unansweredMs: 10_000 }

export interface Progress {
  /** Watches the request's connection until it closes, whatever goes over it. */
  watch(request: IncomingMessage): void
  /** How to drop this one, where it can be told why. Else it is reset, so that the kernel forgets its bytes too. */
  dropBy(socket: Socket, drop: (reason: string) => void): void
  /** Tells of each that is dropped, with the target of its latest request. Answers what ends the telling. */
  onDrop(listener: (target: string, reason: string) => void): () => void
  stop(): void
}

export interface ProgressOptions extends Patience {
  /** Connections that are to be left alone although they take nothing. */
  readonly spares?: (socket: Socket) => boolean
}

interface Watched {
  target: string
  sentBytes: number
  /** Looks in a row at which something waited and nothing had moved. */
  stalledLooks: number
  drop: (reason: string) => void
}

/** Looks are counted and not time: after a stop of this very process nobody had a chance to take anything. */
const LOOKS = 5

export function watchProgress({ waitingBytes, stalledMs, unansweredMs, spares }: ProgressOptions): Progress {
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
      if (isUnanswered(socket)) drop(socket, watched, `half-open: nothing acknowledged for ${unansweredMs / 1000} s`)
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
    if (socket.writableLength > waitingBytes) return `too slow: ${inMebibytes(waitingBytes)} behind`
    return watched.stalledLooks >= LOOKS ? `too slow: nothing taken for ${stalledMs / 1000} s` : null
  }
}

/** What the kernel has taken. A socket that stands before the kernel's counts only that anyway. */
const sent = (socket: Socket): number => socket.bytesWritten - (socket instanceof Socket ? socket.writableLength : 0)

const inMebibytes = (bytes: number): string => `${+(bytes / 1024 / 1024).toFixed(2)} MiB`
