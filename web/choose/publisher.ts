/** Publishes the messages of a measurement, and measures what it costs to publish them by POST and over a WebSocket. */
import type { Cursor } from '../../server/protocol/feed.ts'
import { createLatencies } from '../measure/latency.ts'
import { frameBytes } from '../measure/writing.ts'
import { now } from '../now.ts'
import { post } from '../transports/ask.ts'
import { transports } from '../transports/index.ts'
import { newKey } from '../lane/send.ts'

/** Cost of publishing one message in one way. */
interface Published {
  /** Median of the time until the server's response; null without a message. */
  readonly p50Ms: number | null
  readonly messages: number
}

export interface PublishingCost {
  /** `bytes`: one message in both directions; null if the meter has counted none. */
  readonly post: Published & { readonly bytes: number | null }
  /** `bytes`: one message in both directions, computed from the format of frames. */
  readonly socket: Published & { readonly bytes: number }
}

interface Publisher {
  /** Begins to publish at random moments. Returns a function that stops publishing. */
  begin(asked: { readonly ratePerSecond: number; readonly text: string; readonly isByBoth: boolean }): () => void
  /** Starts the figures again. `bytes` is what the meter has counted on the lane of the POSTs until now. */
  clear(bytes: number | null): void
  measured(text: string, bytes: number | null): PublishingCost
  trouble(): string | null
  stop(): void
}

interface PublishTarget {
  readonly origin: string
  readonly room: string
  readonly lane: string
  readonly after: Cursor
}

const USER = 'Workload'

/**
 * Publishes over a WebSocket, which uses none of the browser's six connections. If the network refuses the WebSocket,
 * publishes by POST. `postLane` is the lane whose bytes are those of the POSTs.
 */
export function startPublisher({ origin, room, lane, after }: PublishTarget, postLane: string): Publisher {
  const target = { origin, room, lane, after, intervalMs: 60_000, waitS: 25 }
  const nobody = { events() {}, gap() {}, state() {} }
  const socket = Object.values(transports).find(({ kind }) => kind === 'socket')
  const line = socket?.connect(target, nobody)
  const times = { post: createLatencies(), socket: createLatencies() }
  let trouble: string | null = null
  let bytesBefore = 0
  let posts = 0
  let sent = 0

  return {
    begin({ ratePerSecond, text, isByBoth }) {
      let dueMs = now()
      let timer: ReturnType<typeof setTimeout> | undefined
      const next = (): void => {
        dueMs += (-Math.log(1 - Math.random()) * 1000) / ratePerSecond
        timer = setTimeout(tick, Math.max(0, dueMs - now()))
      }
      const tick = (): void => {
        send(text, isByBoth && sent % 2 === 1).catch(
          (error: unknown) => (trouble ??= error instanceof Error ? error.message : String(error)),
        )
        sent++
        next()
      }
      next()
      return () => clearTimeout(timer)
    },
    clear(bytes) {
      times.post.clear()
      times.socket.clear()
      bytesBefore = bytes ?? 0
      posts = 0
    },
    measured: (text, bytes) => ({
      post: { ...of('post'), bytes: posts > 0 && bytes !== null ? (bytes - bytesBefore) / posts : null },
      socket: { ...of('socket'), bytes: socketBytes(room, text, after) },
    }),
    trouble: () => trouble,
    stop: () => line?.stop(),
  }

  async function send(text: string, isByPost: boolean): Promise<void> {
    const key = newKey()
    const sentAtMs = now()
    const viaSocket = isByPost ? undefined : line?.publish(USER, text, key)
    const way = await (viaSocket?.then(() => 'socket' as const).catch(() => byPost(text, key)) ?? byPost(text, key))
    times[way].add(now() - sentAtMs, sent)
  }

  async function byPost(text: string, key: string): Promise<'post'> {
    await post({ origin, room, lane: postLane }, USER, text, key)
    posts++
    return 'post'
  }

  function of(way: keyof PublishingCost): Published {
    return { p50Ms: times[way].quantile(0.5)?.ms ?? null, messages: times[way].n }
  }
}

/**
 * Returns the bytes of the two frames that publish a message over a WebSocket. Their size follows from the format, so
 * it needs no meter.
 */
function socketBytes(room: string, text: string, id: Cursor): number {
  const key = newKey()
  const bytesOf = (message: object): number => new TextEncoder().encode(JSON.stringify(message)).length
  return (
    frameBytes(bytesOf({ type: 'message', room, user: USER, text, key }), true) +
    frameBytes(bytesOf({ type: 'accepted', key, id }), false)
  )
}
