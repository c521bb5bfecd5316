/** Puts the parts together: the feed behind its transports, the page, the lab, the errors. */
import swagger from '@fastify/swagger'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import type { Access } from './access.ts'
import { answerError, answerRawError, handleErrors } from './error-handler.ts'
import { createFeed } from './feed/feed.ts'
import type { Log } from './feed/log.ts'
import { serveLab } from './lab/lab.ts'
import { readingOf, serveLanes } from './lab/lanes.ts'
import { limitConnections } from './limits.ts'
import { createNetwork } from './network.ts'
import { GENERAL_HEADERS, page } from './page.ts'
import { servePublish } from './publish.ts'
import { transports } from './transports/index.ts'
import { MESSAGE_BYTES } from './transports/transport.ts'
import type { App, Goodbye } from './transports/transport.ts'
import { isWebSocketUpgrade, routeUpgrades } from './upgrade.ts'
import { validatorCompiler } from './validation.ts'
import { createCapture } from './wire/capture.ts'
import { createMeter } from './wire/meter.ts'
import { createWire } from './wire/wire.ts'

/** Longer than any room name, so that a long one is refused as what it is. */
const MAX_PARAM_LENGTH = 4096

export interface Parts {
  readonly log: Log
  readonly access: Access
  /** Default: on. */
  readonly limits?: boolean
  /** Default: on. Off leaves the bytes uncounted and `/lab/lanes` unserved; for benches. */
  readonly wire?: boolean
}

/** An app that is ready to listen. Closing it says goodbye to every open client and closes the log. */
export async function createApp({ log, access, limits = true, wire: isMetered = true }: Parts): Promise<App> {
  const app = Fastify({
    bodyLimit: MESSAGE_BYTES,
    // Slow heads and slow bodies end in 408; a held poll is no slow request: it has arrived.
    requestTimeout: 15_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 2000, shouldUpgradeCallback: isWebSocketUpgrade },
    // A HEAD of a held poll or a stream would be held as well.
    exposeHeadRoutes: false,
    // Fastify's 503 while closing would end every EventSource that comes back just then for good.
    return503OnClosing: false,
    clientErrorHandler: answerRawError,
    frameworkErrors: (error, request, reply) => answerError(error, request, reply),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM_LENGTH },
  })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(validatorCompiler)

  if (limits) limitConnections(app.server)
  const wire = createWire(app.server, isLab)
  // A browser sends text/plain across sites without asking; application/json it asks for first.
  app.removeContentTypeParser('text/plain')
  handleErrors(app)
  app.addHook('onRequest', async ({ raw }, reply) => {
    reply.headers(GENERAL_HEADERS)
    access.check(raw)
  })

  await app.register(swagger, {
    openapi: { info: { title: 'Fourwire', description: 'One chat feed by four transports', version: '1' } },
  })
  const feed = createFeed(log)
  servePublish(app, feed)
  const goodbyes: Goodbye[] = []
  const network = createNetwork(app, wire, goodbyes)
  for (const transport of Object.values(transports)) goodbyes.push(transport.serve(app, feed))
  const capture = createCapture()
  const meter = isMetered ? createMeter(app.server, readingOf, capture) : null
  const closeLab = serveLab(app, feed, access, network, meter && { meter, capture })
  if (meter) serveLanes(app, access, meter)
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  app.get('/health', { schema: { summary: 'Is it up?' } }, async () => ({
    status: 'ok',
    epoch: feed.epoch,
    node: process.version,
    uptimeS: Math.round(process.uptime()),
  }))
  await page(app)

  routeUpgrades(app)
  app.addHook('preClose', async () => {
    // No new connections from here on: whoever comes back now shall meet the next process.
    app.server.close()
    for (const goodbye of [...goodbyes, closeLab]) goodbye()
    wire.close()
  })
  app.addHook('onClose', () => feed.close())
  return app
}

/** No lane, but where the clock is read and the network is set: neither has to suffer from what was set. */
const isLab = (target: string): boolean => /^\/lab(\?|$)/.test(target)
