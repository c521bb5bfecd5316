/** Fourwire: all transports that its pages have, in a room of its own. */
import type { Event } from '../../../server/protocol/feed.ts'
import { transports } from '../../../web/transports/index.ts'
import type { DescribedTransport } from '../../../web/transports/transport.ts'
import { markIn } from '../adapter.ts'
import type { Adapter, ClientListener, ComparedServer } from '../adapter.ts'
import { openPoll } from '../clients/poll.ts'
import { post } from '../clients/post.ts'
import { openStream } from '../clients/stream.ts'
import { openWebSocket } from '../clients/web-socket.ts'
import { CompareError } from '../trouble.ts'

const ALL: readonly DescribedTransport[] = Object.values(transports)

export const fourwire: Adapter = {
  name: 'fourwire',
  transports: ALL.map(({ name }) => name),
  usual: ALL.filter(({ isUsual }) => isUsual).map(({ name }) => name),
  match: markIn,

  connect(target, client, start) {
    const { kind, path, canPush } = describedBy(target.transport)
    const url = addressOf(target.url, target, `/${path}`)
    if (kind !== 'poll') {
      const last = lastCursor(client)
      const from = start === undefined ? url : new URL(`?after=${start}`, url)
      const connection =
        kind === 'socket' ? openWebSocket(from, last.client, target) : openStream(from, last.client, undefined, target)
      return { ...connection, cursor: () => last.cursor() ?? connection.cursor?.() ?? start ?? null }
    }
    const polling = {
      address: (cursor: string | null): URL => {
        const query = canPush ? `wait=${target.waitS}&` : ''
        return cursor === null ? url : new URL(`?${query}after=${cursor}`, url)
      },
      pauseMs: canPush ? 0 : target.intervalMs,
      hasCursor: true,
      match: markIn,
    }
    return openPoll(polling, client, start, target)
  },

  expect: (transport, conditions) => describedBy(transport).model.delay(conditions),

  async publish(target, text) {
    const { publishUrl } = target
    const reply = await post(
      addressOf(publishUrl, target),
      JSON.stringify({ user: 'compare', text }),
      'application/json',
      target,
    )
    const { at }: Event = JSON.parse(reply.text)
    return { atMs: at }
  },
}

/** Listens for a client, and finds the cursor in the last text that has one. */
function lastCursor(client: ClientListener): { readonly client: ClientListener; cursor(): string | null } {
  let last = '{}'
  return {
    client: {
      ...client,
      received(text, atMs) {
        // To parse each text here would take the clients' time.
        if (text.includes('"id":') || text.includes('"cursor":')) last = text
        client.received(text, atMs)
      },
    },
    cursor() {
      const { id, cursor }: { id?: string; cursor?: string } = JSON.parse(last)
      return id ?? cursor ?? null
    },
  }
}

function describedBy(transport: string): DescribedTransport {
  const found = ALL.find(({ name }) => name === transport)
  if (!found) throw new CompareError(`Fourwire has no transport "${transport}".`)
  return found
}

const addressOf = (url: URL, { run }: ComparedServer, rest = ''): URL => new URL(`/feed/compare-${run}${rest}`, url)
