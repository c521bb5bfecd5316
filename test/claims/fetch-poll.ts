/** A long poll of Fourwire by the fetch of Node, whose pool decides when a connection is opened. */
import type { ClientListener, ComparedConnection } from '../compare/adapter.ts'
import { messageOf } from '../compare/trouble.ts'

/** `address` returns the address of the next request for the cursor of the last response, or for null at first. */
export function openFetchPoll(address: (cursor: string | null) => URL, client: ClientListener): ComparedConnection {
  const end = new AbortController()
  const ask = async (): Promise<void> => {
    let cursor: string | null = null
    for (let isFirst = true; ; isFirst = false) {
      const response: Response = await fetch(address(cursor), { signal: end.signal })
      if (response.status === 204) continue
      if (!response.ok) throw new Error(`the long poll returned the status ${response.status}`)
      const { events, cursor: next }: { events: readonly unknown[]; cursor: string } = await response.json()
      cursor = next
      if (isFirst) client.live()
      for (const event of events) client.received(JSON.stringify(event))
    }
  }
  ask().catch((error: unknown) => end.signal.aborted || client.failed(messageOf(error)))
  return { close: () => end.abort() }
}
