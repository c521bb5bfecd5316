/** Browser half of a transport that exists only in tests. It reads a response of netstrings (`LENGTH:JSON,`). */
import type { Event, TransportName } from '../../../server/protocol/feed.ts'
import { streaming } from '../../../web/measure/model.ts'
import { now } from '../../../web/now.ts'
import { ofLane, post } from '../../../web/transports/ask.ts'
import type { DescribedTransport } from '../../../web/transports/transport.ts'

export const toy: DescribedTransport = {
  name: 'toy' as TransportName,
  path: 'toy',
  kind: 'stream',
  canPush: true,
  isHeldByProxy: true,
  fallbackRank: 5,
  simplicityRank: 6,
  memoryKiB: 1,
  effort: { proxies: 'none', authentication: 'none', reconnect: 'none', replay: 'none' },
  isUsual: false,
  label: 'Toy',
  verb: 'plays',
  carrier: 'Brick',
  shape: [
    [-1.2, -0.6],
    [1.2, -0.6],
    [1.2, 0.6],
    [-1.2, 0.6],
  ],
  colour: { light: '#444444', dark: '#bbbbbb' },
  // `0:,`, in a chunk.
  model: streaming(8),

  connect(target, listener) {
    const { origin, room, lane, after } = target
    const stopped = new AbortController()
    void follow().catch(() => {})
    const stop = (): void => stopped.abort()
    return { publish: (user, text, key) => post(target, user, text, key), typing() {}, stop, leave: stop }

    async function follow(): Promise<void> {
      listener.state({ is: 'connecting', atMs: now() })
      const { signal } = stopped
      const { body } = await fetch(ofLane(`${origin}/feed/${room}/toy?after=${after}`, lane), { signal })
      listener.state({ is: 'open', atMs: now() })
      const reader = body?.getReader()
      for (let bytes = new Uint8Array(); ;) {
        const { done, value = [] } = (await reader?.read()) ?? { done: true }
        const receivedAtMs = now()
        if (done || signal.aborted) return
        const { texts, rest } = readNetstrings(Uint8Array.of(...bytes, ...value))
        bytes = rest
        const events = texts.map((text): Event => JSON.parse(text))
        if (events.length > 0) listener.events(events, receivedAtMs)
      }
    }
  },
}

/** Returns the texts of all complete netstrings, without the empty ones, and the bytes after them. */
function readNetstrings(bytes: Uint8Array<ArrayBuffer>): { texts: string[]; rest: Uint8Array<ArrayBuffer> } {
  const decoder = new TextDecoder()
  const texts: string[] = []
  let rest = bytes
  while (true) {
    const colon = rest.indexOf(58)
    const comma = colon + 1 + Number(decoder.decode(rest.subarray(0, colon)))
    if (colon < 0 || comma >= rest.length) return { texts, rest }
    if (comma > colon + 1) texts.push(decoder.decode(rest.subarray(colon + 1, comma)))
    rest = rest.subarray(comma + 1)
  }
}
