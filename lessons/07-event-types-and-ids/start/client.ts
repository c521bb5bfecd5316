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
  const stopped = new AbortController()
  void run()
  return () => stopped.abort()

  async function run(): Promise<void> {
    // TODO 7: when a stream has ended or failed, wait and connect again. The server names the time with `retry`.
    await listen()
  }

  /** Reads one stream until it ends. Returns true if the server wants no further request. */
  async function listen(): Promise<boolean> {
    // TODO 5: say where this client is. Which status ends the client, and which is only an error for now?
    const response = await fetch(`${origin}/feed/${room}/sse`)
    if (!response.body) return false
    for await (const { id, retry, event = 'message', data } of blocksOf(response.body)) {
      // TODO 6: what does each field change? Deliver the messages, and each of them only once.
      if (data !== undefined) listener.event(JSON.parse(data))
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
