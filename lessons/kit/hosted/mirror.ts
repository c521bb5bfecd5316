/** The sandbox's feed, followed into the student's process: the same events under the same ids. */
import { parseCursor } from '../../../server/feed/cursor.ts'
import type { Appended, Log } from '../../../server/feed/log.ts'
import type { Event, FeedMessage, PollAnswer } from '../../../server/protocol.ts'
import { openLog } from './log.ts'

/** The sandbox comes back within two seconds where it was restarted; else it has gone, and the kit with it. */
const GONE_MS = 10_000
const AGAIN_MS = 20

/** Resolves when the sandbox has told its epoch; a room is followed from when somebody first asks for it. */
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
      if (!response.ok) throw new Error(`The sandbox did not take it: ${await response.text()}`)
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

  /** Resolves when what the sandbox had at the beginning is here. */
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

    /** As the kit, whom no condition of the network meets: else the student's lane would meet them twice. */
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

    /** A cut, or a change of the network, ends it as it does everybody's, and it goes on from where it was. */
    function again(): void {
      // Without its feed the lane would stand still and look as if the student's program did not deliver.
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
