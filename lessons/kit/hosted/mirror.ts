/** The sandbox's feed, followed into the student's process: the same events under the same ids. */
import { parseCursor } from '../../../server/feed/cursor.ts'
import type { Appended, Log } from '../../../server/feed/log.ts'
import type { Event, FeedMessage, PollAnswer } from '../../../server/protocol.ts'
import { openLog } from './log.ts'

/** Resolves when the sandbox has told its epoch; a room is followed from when somebody first asks for it. */
export async function mirrorOf(sandbox: string): Promise<Log> {
  const { epoch } = await jsonOf<{ epoch: string }>(fetch(`${sandbox}/health`))
  const log = openLog(epoch)
  const followed = new Map<string, Promise<WebSocket>>()

  const follow = (room: string): Promise<WebSocket> => {
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
      for (const socket of followed.values()) (await socket).close()
      await log.close()
    },
  }

  /** Resolves when what the sandbox had at the beginning is here. */
  async function followRoom(room: string): Promise<WebSocket> {
    const { cursor } = await jsonOf<PollAnswer>(fetch(`${sandbox}/feed/${room}/poll`))
    const socket = new WebSocket(`${sandbox.replace('http', 'ws')}/feed/${room}/ws?after=0`)
    let last = 0
    await new Promise<void>((resolve, reject) => {
      const arrived = () => last >= seqOf(cursor) && resolve()
      socket.onmessage = ({ data }) => {
        const message: Event | FeedMessage = JSON.parse(String(data))
        if ('at' in message) {
          log.put(room, [message])
          last = seqOf(message.id)
        } else if (message.type === 'connected' || message.type === 'gap') {
          last = seqOf(message.cursor ?? cursor)
          log.begin(room, last)
        }
        arrived()
      }
      socket.onerror = () => reject(new Error(`The sandbox at ${sandbox} cannot be followed.`))
      // Without its feed the lane would stand still and look as if the student's program did not deliver.
      socket.onclose = () => process.exit(0)
    })
    return socket
  }
}

const jsonOf = async <T>(response: Promise<Response>): Promise<T> => (await (await response).json()) as T

function seqOf(cursor: string): number {
  const position = parseCursor(cursor)
  return position === null || position === 'earliest' ? 0 : position.seq
}
