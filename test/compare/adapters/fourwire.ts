/** Fourwire: all transports that its pages have, in a room of its own. */
import type { Event } from '../../../server/protocol/feed.ts'
import { transports } from '../../../web/transports/index.ts'
import type { DescribedTransport } from '../../../web/transports/transport.ts'
import { markIn } from '../adapter.ts'
import type { Adapter, ComparedServer } from '../adapter.ts'
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

  connect(target, client) {
    const { kind, path, canPush } = describedBy(target.transport)
    const url = addressOf(target.url, target, `/${path}`)
    if (kind === 'socket') return openWebSocket(url, client)
    if (kind === 'stream') return openStream(url, client)
    const polling = {
      address: (cursor: string | null): URL => {
        const query = canPush ? `wait=${target.waitS}&` : ''
        return cursor === null ? url : new URL(`?${query}after=${cursor}`, url)
      },
      pauseMs: canPush ? 0 : target.intervalMs,
      hasCursor: true,
      match: markIn,
    }
    return openPoll(polling, client)
  },

  expect: (transport, conditions) => describedBy(transport).model.delay(conditions),

  async publish(target, text) {
    const { publishUrl } = target
    const reply = await post(
      addressOf(publishUrl, target),
      JSON.stringify({ user: 'compare', text }),
      'application/json',
    )
    const { at }: Event = JSON.parse(reply.text)
    return { atMs: at }
  },
}

function describedBy(transport: string): DescribedTransport {
  const found = ALL.find(({ name }) => name === transport)
  if (!found) throw new CompareError(`Fourwire has no transport "${transport}".`)
  return found
}

const addressOf = (url: URL, { run }: ComparedServer, rest = ''): URL => new URL(`/feed/compare-${run}${rest}`, url)
