/** Adapter for nchan with the addresses of `startNchan`. A long poll waits for `intervalMs` before its next request. */
import type { Adapter, ClientListener, ComparedConnection, ComparedServer } from '../compare/adapter.ts'
import { nchan } from '../compare/adapters/nchan.ts'
import { createExchange } from '../compare/clients/exchange.ts'
import { post } from '../compare/clients/post.ts'
import { messageOf } from '../compare/trouble.ts'

export const adapter = {
  ...nchan,

  connect(target: ComparedServer, client: ClientListener): ComparedConnection {
    const isPoll = target.transport === 'long-poll'
    const url = new URL(isPoll ? '/held' : '/sub', target.url)
    if (isPoll && target.intervalMs > 0) return openHeldPoll(url, target.intervalMs, client)
    return nchan.connect({ ...target, url }, client)
  },

  async publish({ transport, publishUrl }: ComparedServer, text: string): Promise<void> {
    await post(new URL(transport === 'long-poll' ? '/poll-pub' : '/pub', publishUrl), text, 'text/plain')
  },
} satisfies Adapter

/** The fields of a response that name its message are the position of the next request. */
function openHeldPoll(url: URL, pauseMs: number, client: ClientListener): ComparedConnection {
  const exchange = createExchange()
  let pause: NodeJS.Timeout | undefined
  let isClosed = false
  void ask({})
  setImmediate(() => client.live())
  return {
    close() {
      isClosed = true
      clearTimeout(pause)
      exchange.close()
    },
    usage: () => exchange.usage,
  }

  async function ask(position: Readonly<Record<string, string>>): Promise<void> {
    try {
      const { status, fields, text, atMs } = await exchange.ask('GET', url, position)
      if (isClosed) return
      if (status !== 200) throw new Error(`GET ${url.pathname} returned the status ${status}`)
      client.received(text, atMs)
      const next = {
        'If-Modified-Since': fields.get('last-modified') ?? '',
        'If-None-Match': fields.get('etag') ?? '',
      }
      pause = setTimeout(() => void ask(next), pauseMs)
    } catch (error) {
      if (!isClosed) client.failed(messageOf(error))
    }
  }
}
