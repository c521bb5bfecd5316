/** A client for event streams that reads with `fetch`. It resumes by itself, as an EventSource does. */
import type { Event } from '#server/protocol.ts'

/** Pause before the next request, until the server names another one with `retry`. */
const RETRY_MS = 3000

interface Target {
  /** `http://localhost:4107` */
  readonly origin: string
  readonly room: string
  /** Id after which the client begins; without it, the client begins at the end of the room. */
  readonly after?: string
}

interface Listener {
  event(event: Event): void
}

/** Delivers every message once and in order, in spite of cuts. Returns a function that stops the client. */
export function connect({ origin, room, after }: Target, listener: Listener): () => void {
  let lastId = after
  let retryMs = RETRY_MS
  /** Ids of the messages that the page has. */
  const known = new Set<string>()
  const stopped = new AbortController()
  void run()
  return () => stopped.abort()

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      const isOver = await listen().catch(() => false)
      if (isOver) return
      await pause(retryMs)
    }
  }

  /** Reads one stream until it ends. Returns true if the server wants no further request. */
  async function listen(): Promise<boolean> {
    const headers: Record<string, string> = lastId === undefined ? {} : { 'Last-Event-ID': lastId }
    const response = await fetch(`${origin}/feed/${room}/sse`, { headers, signal: stopped.signal })
    if (response.status === 204) return true
    if (response.status !== 200 || !response.body) return false
    for await (const { id, retry, event = 'message', data } of blocksOf(response.body)) {
      if (retry !== undefined) retryMs = Number(retry)
      if (id !== undefined) lastId = id
      if (event !== 'message' || data === undefined) continue
      const message: Event = JSON.parse(data)
      // A server may repeat messages at the seam between old and new ones.
      if (!known.has(message.id)) listener.event(message)
      known.add(message.id)
    }
    return false
  }
}

/** Returns the fields of each block when the block is complete. A block that is cut off never comes. */
async function* blocksOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Record<string, string>> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const blocks = (text + part.value).split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks)
      yield Object.fromEntries(Array.from(block.matchAll(/^(\w+): ?(.*)$/gm), ([, name, value]) => [name, value]))
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
