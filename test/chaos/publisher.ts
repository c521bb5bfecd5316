/** Publishes into a room until each message is acknowledged, even if the server restarts in between. */
import type { Cursor, Event } from '../../server/protocol/feed.ts'

export interface Publisher {
  /** Acknowledged texts, each with the id of its last acknowledgement. */
  readonly acknowledged: ReadonlyMap<string, Cursor>
  /** Starts to publish `count` messages, several at a time, up to the limit of all messages. */
  burst(count: number): void
  /** Publishes a message through `way`. If that fails, the publisher sends the message again itself. */
  by(way: (text: string, key: string) => Promise<Cursor>): void
  /** Resolves when every started message is acknowledged. */
  done(): Promise<void>
  stop(): void
}

const AT_ONCE = 4
/** Most messages of a scenario. The server keeps more in a room, so it never has to drop an event. */
const MOST = 9000
/** Time until a missing server is tried again. */
const AGAIN_MS = 50
/** Time limit of a request, which a black hole may have lost. Its key prevents a second event. */
const PATIENCE_MS = 3000

export function createPublisher(origin: () => string, room: string): Publisher {
  const acknowledged = new Map<string, Cursor>()
  const begun = new Set<Promise<void>>()
  const { signal, abort } = controller()
  let count = 0

  return {
    acknowledged,
    burst(many) {
      const last = Math.min(count + many, MOST)
      const one = async (): Promise<void> => {
        while (count < last && !signal.aborted) await insist(String(++count))
      }
      for (let i = 0; i < AT_ONCE; i++) begin(one())
    },
    by(way) {
      const text = String(++count)
      const other = way(text, text).then((id) => void acknowledged.set(text, id))
      begin(other.catch(() => insist(text)))
    },
    async done() {
      while (begun.size > 0) await Promise.all(begun)
    },
    stop: abort,
  }

  function begin(publishing: Promise<void>): void {
    begun.add(publishing)
    void publishing.finally(() => begun.delete(publishing))
  }

  async function insist(text: string): Promise<void> {
    while (!signal.aborted) {
      const id = await publish(text)
      if (id !== null) return void acknowledged.set(text, id)
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
  }

  async function publish(text: string): Promise<Cursor | null> {
    try {
      const response = await fetch(`${origin()}/feed/${room}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': text },
        body: JSON.stringify({ user: 'Ada', text }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
      })
      if (response.ok) return ((await response.json()) as Event).id
      if (response.status < 500) throw new RangeError(`A publish was refused: ${await response.text()}`)
    } catch (error) {
      if (error instanceof RangeError) throw error
    }
    return null
  }
}

function controller(): { signal: AbortSignal; abort: () => void } {
  const aborting = new AbortController()
  return { signal: aborting.signal, abort: () => aborting.abort() }
}
