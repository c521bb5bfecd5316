/** Puts the parts together: the feed behind its transports, the page, the lab, the errors. */
import swagger from '@fastify/swagger'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { LogController } from 'fastify'
import type { Access } from './access.ts'
import { serveAuth } from './auth/auth.ts'
import type { AuthOptions } from './auth/auth.ts'
import { createBoards } from './board/boards.ts'
import { serveBoards } from './board/serve.ts'
import { serveChat } from './chat.ts'
import { answerError, answerRawError, handleErrors } from './error-handler.ts'
import { createFeed } from './feed/feed.ts'
import type { Log } from './feed/log.ts'
import { PRESENCE_TIMES, createPresence } from './feed/presence.ts'
import type { PresenceTimes } from './feed/presence.ts'
import { serveHealth } from './health.ts'
import { serveLab } from './lab/lab.ts'
import { readingOf, serveLanes, transportOf } from './lab/lanes.ts'
import { serveState } from './lessons/follow.ts'
import type { Kit } from './lessons/kit.ts'
import { serveLessons } from './lessons/serve.ts'
import { openWay } from './lessons/way.ts'
import { LIMITS, NO_LIMITS, createLimiter, limitConnections, limitPipelining } from './limits.ts'
import type { Limits } from './limits.ts'
import { logRequests, loggerAt } from './logging.ts'
import type { LogLevel } from './logging.ts'
import { serveMetrics } from './metrics/metrics.ts'
import { createNetwork } from './network.ts'
import { nothingAt } from './nothing.ts'
import { GENERAL_HEADERS, page } from './page.ts'
import type { TransportName } from './protocol.ts'
import { servePresence } from './presence.ts'
import { servePublish } from './publish.ts'
import { transports } from './transports/index.ts'
import { PATIENCE, watchProgress } from './transports/progress.ts'
import type { Patience } from './transports/progress.ts'
import { HEARTBEAT_MS, MESSAGE_BYTES } from './transports/transport.ts'
import type { App, Goodbye } from './transports/transport.ts'
import { isWebSocketUpgrade, routeUpgrades } from './upgrade.ts'
import { validatorCompiler } from './validation.ts'
import { createCapture } from './wire/capture.ts'
import { createMeter } from './wire/meter.ts'
import { createWire } from './wire/wire.ts'

/** Slow heads and slow bodies end in 408. A held poll is no slow request: it has arrived. */
const REQUEST_MS = 15_000
const HEAD_MS = 10_000

/** The time limits are looked at this often, and so may be overdrawn by as much. */
const CHECK_MS = 2000

/**
 * Where nothing is said at all, as while a poll is held, the kernel asks the other end after this,
 * and gives it up when ten questions, one a second, are not answered.
 */
const KEEP_ALIVE_MS = 10_000

/** Longer than any room name, so that a long one is refused as what it is. */
const MAX_PARAM_LENGTH = 4096

export interface Parts {
  readonly log: Log
  readonly access: Access
  /** What differs from the defaults; `false` lifts all rates and counts. */
  readonly limits?: Partial<Limits> | false
  /** What differs from the defaults. For tests, which have no time. */
  readonly times?: Partial<Times>
  /** Default: on. Off leaves the bytes uncounted and `/lab/lanes` unserved; for benches. */
  readonly wire?: boolean
  /** Default: silent. */
  readonly logLevel?: LogLevel
  /** Where only those may read and publish who know the password. Default: everybody may. */
  readonly auth?: AuthOptions | undefined
  /** Where a lesson runs beside this server. */
  readonly kit?: Kit | undefined
}

export interface Times extends Patience, PresenceTimes {
  readonly heartbeatMs: number
  /** For a whole request, and for its head. */
  readonly requestMs: number
  readonly headMs: number
  readonly checkMs: number
}

const TIMES: Times = {
  ...PATIENCE,
  ...PRESENCE_TIMES,
  heartbeatMs: HEARTBEAT_MS,
  requestMs: REQUEST_MS,
  headMs: HEAD_MS,
  checkMs: CHECK_MS,
}

const names = Object.keys(transports) as TransportName[]

/** An app that is ready to listen. Closing it says goodbye to every open client and closes the log. */
export async function createApp({
  log,
  access,
  limits,
  times,
  wire: isMetered = true,
  logLevel = 'silent',
  auth,
  kit,
}: Parts): Promise<App> {
  const limiter = createLimiter(limits === false ? NO_LIMITS : { ...LIMITS, ...limits })
  const all: Times = { ...TIMES, ...times }
  const { heartbeatMs, requestMs, headMs, checkMs } = all
  const app = Fastify({
    logger: loggerAt(logLevel),
    // In its place stands what logging.ts says of a request.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MESSAGE_BYTES,
    requestTimeout: requestMs,
    http: {
      headersTimeout: headMs,
      connectionsCheckingInterval: checkMs,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      shouldUpgradeCallback: isWebSocketUpgrade,
    },
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

  limitConnections(app.server, limiter.limits.connectionsPerAddress)
  const wire = createWire(app.server, isSpared)
  const progress = watchProgress({ ...all, spares: wire.isSilent })
  const presence = createPresence(all)
  // A browser sends text/plain across sites without asking; application/json it asks for first.
  app.removeContentTypeParser('text/plain')
  handleErrors(app, nothingAt)
  logRequests(app)
  const mayAsk = limitPipelining(limiter.limits.pipelinedPerConnection)
  app.addHook('onRequest', async ({ raw }, reply) => {
    if (!mayAsk(raw, reply.raw)) return reply.hijack()
    // What a transport writes behind an answer's end is its mistake, and must not end the process.
    reply.raw.on('error', (error) => app.log.error({ err: error }, 'answering failed'))
    reply.headers(GENERAL_HEADERS)
    progress.watch(raw)
    access.check(raw)
    return undefined
  })

  await app.register(swagger, {
    openapi: { info: { title: 'Fourwire', description: 'One chat feed by four transports', version: '1' } },
  })
  const metrics = serveMetrics(app, access, names)
  const feed = metrics.publishing(createFeed(log, { rooms: limiter.limits.rooms }))
  const admission = serveAuth(app, auth)
  servePublish(app, feed, limiter, admission)
  servePresence(app, presence, limiter, admission)
  serveBoards(app, createBoards(feed), limiter, admission)
  const goodbyes: Goodbye[] = []
  const capture = createCapture()
  const meter = isMetered ? createMeter(app.server, readingOf, capture) : null
  const way = openWay(app, access, { wire, meter, kit })
  const network = createNetwork(app, wire, goodbyes, way.holds)
  for (const name of names) {
    const dropped = (reason: string) => metrics.dropped(name, reason)
    const rules = { limiter, progress, admission, presence, heartbeatMs, dropped }
    goodbyes.push(transports[name].serve(app, metrics.reading(name, feed), rules))
  }
  progress.onDrop((target, reason) => {
    const transport = transportOf(target)
    if (transport) metrics.dropped(transport, reason)
  })
  goodbyes.push(serveChat(app, { limiter, progress, admission, heartbeatMs }))
  goodbyes.push(way.leave)
  const closeLab = serveLab(app, {
    feed,
    access,
    admission,
    network,
    progress,
    presence,
    instruments: meter && { meter, capture },
  })
  if (meter) serveLanes(app, access, meter)
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  serveHealth(app, feed, () => metrics.logTrouble)
  await page(app)
  serveLessons(app, { kit, way })
  serveState(app, access, kit, way)

  routeUpgrades(app)
  app.addHook('preClose', async () => {
    // No new connections from here on: whoever comes back now shall meet the next process.
    app.server.close()
    for (const goodbye of [...goodbyes, closeLab]) goodbye()
    wire.close()
    progress.stop()
    presence.stop()
  })
  app.addHook('onClose', () => feed.close())
  return app
}

/** No lane, but where the clock is read and the network is set: neither has to suffer from what was set. */
const isLab = (target: string): boolean => /^\/lab(\?|$)/.test(target)

/** By which the kit brings the feed to a student's server, whose lane meets the conditions once, on its way to the page. */
const isKit = (target: string): boolean => /^\/feed\/[^/]+\/ws\?(.*&)?lane=kit$/.test(target)

const isSpared = (target: string): boolean => isLab(target) || isKit(target)
