/** The clients of `npm run compare` with real servers of others: nchan in nginx, and Caddy in front of Fourwire. */
import { existsSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { markOf } from '../compare/adapter.ts'
import type { Adapter, ComparedConnection, ComparedServer } from '../compare/adapter.ts'
import { fourwire } from '../compare/adapters/fourwire.ts'
import { nchan } from '../compare/adapters/nchan.ts'
import { openSender } from '../compare/sender.ts'
import { serve } from '../serve.ts'
import { until } from '../until.ts'
import { NCHAN, PUBLIC, isInstalled, startProxy } from './proxy.ts'
import type { Proxy } from './proxy.ts'

const MESSAGES = Array.from({ length: 20 }, (_, i) => markOf('a', i))

describe('nchan', () => {
  const missing = !isInstalled('nginx') || !existsSync(NCHAN)
  const why = '(skipped without nginx and nchan: install the packages nginx and libnginx-mod-nchan)'

  const start = (more = ''): Promise<Proxy> =>
    startProxy(
      'nginx',
      (port, folder) => `server {
        listen ${PUBLIC}:${port}${more};
        ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/cert.key;
        location ~ ^/channel/(\\w+)$ { nchan_pubsub; nchan_channel_id $1; nchan_message_buffer_length 100; }
        location ~ ^/impatient/(\\w+)$ { nchan_pubsub; nchan_channel_id $1; nchan_subscriber_timeout 1s; }
      }`,
      NCHAN,
    )

  test.skipIf(missing).each(nchan.transports)(
    `delivers all messages over %s to several clients in their order, and counts their bytes ${why}`,
    async (transport) => {
      await using proxy = await start()
      const url = new URL(`http://${PUBLIC}:${proxy.port}/channel/a`)
      const clients = await deliveredTo(3, nchan, targetOf(transport, url))
      for (const { texts, connection } of clients) {
        expect(texts).toEqual(MESSAGES)
        expect(connection.usage?.().bytesDown).toBeGreaterThan(100)
      }
    },
  )

  test.skipIf(missing).each(['sse', 'long-poll'])(`delivers over %s with TLS and HTTP/2 ${why}`, async (transport) => {
    await using proxy = await start(' ssl http2')
    const url = new URL(`https://${PUBLIC}:${proxy.port}/channel/a`)
    const target = { ...targetOf(transport, url), isInsecure: true, isHttp2: true }
    for (const { texts } of await deliveredTo(2, nchan, target)) expect(texts).toEqual(MESSAGES)
  })

  test.skipIf(missing)(`is polled again after nchan has ended a long poll without a message ${why}`, async () => {
    await using proxy = await start()
    const target = targetOf('long-poll', new URL(`http://${PUBLIC}:${proxy.port}/impatient/a`))
    const { connection, texts } = await open(nchan, target)
    await until('the client has asked again', () => (connection.usage?.().requests ?? 0) > 1)
    await nchan.publish?.(target, '~a.0~')
    await until('the message has arrived', () => texts.length > 0)
    expect(texts).toEqual(['~a.0~'])
  })

  test.skipIf(missing)(
    `delivers over a long poll that resumes at its cursor only the later messages ${why}`,
    async () => {
      await using proxy = await start()
      const target = targetOf('long-poll', new URL(`http://${PUBLIC}:${proxy.port}/channel/a`))
      const [first] = await deliveredTo(1, nchan, target)
      const cursor = first?.connection.cursor?.() ?? ''
      first?.connection.close()
      const { texts } = await open(nchan, target, cursor)
      await nchan.publish?.(target, '~a.20~')
      await until('the message has arrived', () => texts.length > 0)
      expect(texts).toEqual(['~a.20~'])
    },
  )

  test.skipIf(missing)(`leads to the status if there is no channel at the address ${why}`, async () => {
    await using proxy = await start()
    const origin = `http://${PUBLIC}:${proxy.port}`
    for (const transport of nchan.transports)
      await expect(failureOf(nchan, targetOf(transport, new URL('/none', origin)))).resolves.toContain('status 404')
  })

  test.skipIf(missing)(`leads to a hint if its port expects TLS ${why}`, async () => {
    await using proxy = await start(' ssl')
    const url = new URL(`http://${PUBLIC}:${proxy.port}/channel/a`)
    for (const transport of nchan.transports)
      await expect(failureOf(nchan, targetOf(transport, url))).resolves.toMatch(
        /400.*expects TLS, write https: or wss:/,
      )
  })
})

describe('Caddy with TLS in front of Fourwire', () => {
  const missing = !isInstalled('caddy')

  test.skipIf(missing).each(fourwire.transports)(
    'delivers all messages over %s to clients that use HTTP/2 (skipped if caddy is not installed)',
    async (transport) => {
      await using server = await serve({ allowHosts: [PUBLIC] })
      await using proxy = await startProxy(
        'caddy',
        (port, folder) =>
          `https://${PUBLIC}:${port} {\n tls ${folder}/cert.pem ${folder}/cert.key\n reverse_proxy 127.0.0.1:${server.port}\n}`,
      )
      const url = new URL(`https://${PUBLIC}:${proxy.port}`)
      const target = { ...targetOf(transport, url), intervalMs: 20, isInsecure: true, isHttp2: true }
      for (const { texts, connection } of await deliveredTo(2, fourwire, target)) {
        expect(texts).toEqual(MESSAGES)
        expect(connection.usage?.().bytesDown).toBeGreaterThan(1000)
      }
    },
  )
})

interface Opened {
  readonly connection: ComparedConnection
  readonly texts: readonly string[]
}

/** Publishes all messages, one after the other. Resolves when every client has received as many. */
async function deliveredTo(count: number, adapter: Adapter, target: ComparedServer): Promise<readonly Opened[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => open(adapter, target)))
  const sender = await openSender(adapter, target)
  for (const text of MESSAGES) await sender.send(text)
  await until('every client has all messages', () => clients.every(({ texts }) => texts.length >= MESSAGES.length))
  sender.close()
  return clients
}

/** Resolves when the client can receive messages. */
async function open(adapter: Adapter, target: ComparedServer, cursor?: string): Promise<Opened> {
  const live = Promise.withResolvers<void>()
  const texts: string[] = []
  const connection = adapter.connect(
    target,
    {
      live: live.resolve,
      received(text) {
        const mark = adapter.match(text)
        if (mark !== null) texts.push(mark)
      },
      failed: (why) => live.reject(new Error(why)),
    },
    cursor,
  )
  onTestFinished(() => connection.close())
  await live.promise
  return { connection, texts }
}

/** Resolves with the reason why a connection fails. */
function failureOf(adapter: Adapter, target: ComparedServer): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const connection = adapter.connect(target, { live() {}, received() {}, failed: resolve })
  onTestFinished(() => connection.close())
  return promise
}

function targetOf(transport: string, url: URL): ComparedServer {
  return { transport, url, publishUrl: url, run: 'a', intervalMs: 1000, waitS: 25 }
}
