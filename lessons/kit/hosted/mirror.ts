/** Copy of the sandbox's feed in the student's process, with the same events and ids. */
import { parseCursor } from '../../../server/feed/cursor.ts'
import type { Appended, Log } from '../../../server/feed/log.ts'
import type { Event, FeedMessage, PollAnswer } from '../../../server/protocol/feed.ts'
import { openLog } from './log.ts'

/** Time after which the sandbox counts as gone; a restart takes less than two seconds. */
const GONE_MS = 10_000
const AGAIN_MS = 20

/** Resolves when the epoch of the sandbox is known. A room is followed from its first use on. */
export async function mirrorOf(sandbox: string): Promise<Log> {
  const { epoch } = await jsonOf<{ epoch: string }>(fetch(`${sandbox}/health`))
  const log = openLog(epoch)
  const followed = new Map<string, Promise<() => void>>()

  const follow = (room: string): Promise<() => void> => {
    const known = followed.get(room) ?? followRoom(room)
    followed.set(room, known)
    return known
  }

  return {
    epoch,
    async append(room, { user = 'lesson', text = '' }, key) {
      const response = await fetch(`${sandbox}/feed/${room}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) },
        body: JSON.stringify({ user, text }),
      })
      if (!response.ok) throw new Error(`The sandbox did not accept the message: ${await response.text()}`)
      return { event: (await response.json()) as Event, repeated: response.status === 200 } satisfies Appended
    },
    async read(room, afterSeq, limit) {
      await follow(room)
      return log.read(room, afterSeq, limit)
    },
    async extent(room) {
      await follow(room)
      return log.extent(room)
    },
    onCommit: log.onCommit,
    async close() {
      for (const stop of followed.values()) (await stop)()
      await log.close()
    },
  }

  /** Copies the room's events and keeps copying. Resolves when all events that the room had at the call have arrived. */
  async function followRoom(room: string): Promise<() => void> {
    const { cursor: end } = await jsonOf<PollAnswer>(fetch(`${sandbox}/feed/${room}/poll`))
    const caughtUp = Promise.withResolvers<void>()
    let socket: WebSocket
    let cursor = '0'
    let goneSinceMs: number | null = null
    connect()
    await caughtUp.promise
    return () => {
      socket.onclose = null
      socket.close()
    }

    /** Connects as lane `kit`, which has no network conditions. Otherwise they would affect the student's lane twice. */
    function connect(): void {
      socket = new WebSocket(`${sandbox.replace('http', 'ws')}/feed/${room}/ws?after=${cursor}&lane=kit`)
      socket.onmessage = ({ data }) => {
        goneSinceMs = null
        take(JSON.parse(String(data)))
        if (seqOf(cursor) >= seqOf(end)) caughtUp.resolve()
      }
      socket.onclose = again
    }

    function take(message: Event | FeedMessage): void {
      if ('at' in message) {
        log.put(room, [message])
        cursor = message.id
      } else if (message.type === 'connected' || message.type === 'gap') {
        cursor = message.cursor ?? cursor
        if (message.type === 'gap') log.forget(room, 0)
        log.begin(room, seqOf(cursor))
      }
    }

    /** Reconnects after a cut, and continues at its cursor. */
    function again(): void {
      // If the sandbox is gone, the process ends. Otherwise the student would search for a fault in their own program.
      goneSinceMs ??= performance.now()
      if (performance.now() - goneSinceMs > GONE_MS) process.exit(0)
      setTimeout(connect, AGAIN_MS)
    }
  }
}

const jsonOf = async <T>(response: Promise<Response>): Promise<T> => (await (await response).json()) as T

function seqOf(cursor: string): number {
  const position = parseCursor(cursor)
  return position === null || position === 'earliest' ? 0 : position.seq
}
