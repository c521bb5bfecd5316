/**
 * Builds the app from its parts: the feed and its transports, the pages, the lab and the errors. The order of the steps
 * matters:
 *
 * 1. The limits of connections apply before the wire and the meter get a connection.
 * 2. The hook for HEAD, the checks of access and the OpenAPI plugin come before the first route, because these parts
 *    see only routes that are added later.
 * 3. A request pays before its access is checked. Otherwise a wrong guess of a password would cost nothing.
 * 4. The metrics wrap the feed before a transport or a route receives it.
 * 5. When the app closes, the server first stops listening, then says goodbye to its clients, and closes the wire last.
 */
import { join } from 'node:path'
import swagger from '@fastify/swagger'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { LogController } from 'fastify'
import type { Access } from './access/access.ts'
import { setVisitor } from './access/visitor.ts'
import { serveBetween } from './between/between.ts'
import { createBoards } from './board/boards.ts'
import { serveBoards } from './board/serve.ts'
import { serveChat } from './chat/chat.ts'
import { limitConnections } from './access/connections.ts'
import { answerClientError, answerError, answerRawError, handleErrors, watchResponses } from './http/error-handler.ts'
import { serveComparison } from './comparison/serve.ts'
import { FeedError, quote } from './http/errors.ts'
import { createFeed } from './feed/feed.ts'
import type { Log } from './feed/log.ts'
import { PRESENCE_TIMES, createPresence } from './feed/presence.ts'
import type { PresenceTimes } from './feed/presence.ts'
import { serveHealth } from './http/health.ts'
import { checkHead } from './http/http-check.ts'
import { readJsonBodies } from './http/json-body.ts'
import { withResponses } from './http/openapi.ts'
import { serveLab } from './lab/lab.ts'
import { readLanes, serveLanes } from './lab/lanes.ts'
import type { TransportList } from './lab/lanes.ts'
import { serveState } from './lessons/follow.ts'
import type { Kit } from './lessons/kit.ts'
import { serveDocuments } from './pages/documents.ts'
import { serveJoinCode } from './pages/join-code.ts'
import { serveLessons } from './pages/lessons.ts'
import { serveMine } from './lessons/mine.ts'
import { LIMITS, NO_LIMITS, createLimiter } from './access/limits.ts'
import type { Limits } from './access/limits.ts'
import { shareLimits } from './access/shared-limits.ts'
import { logRequests, loggerAt } from './http/logging.ts'
import type { LogLevel } from './http/logging.ts'
import { ownScenes } from './show/scenes.ts'
import type { Scene } from './protocol/show.ts'
import type { ShowFile } from './show/show-file.ts'
import { serveShow } from './show/serve.ts'
import { SHOW_TIMES } from './show/show.ts'
import type { ShowTimes } from './show/show.ts'
import { serveMetrics } from './metrics/metrics.ts'
import { serveModeration } from './rooms/moderation.ts'
import { createNetwork } from './lab/network.ts'
import { alone } from './peers/alone.ts'
import { nothingAt } from './pages/not-found.ts'
import { GENERAL_HEADERS, REPOSITORY, page } from './pages/page.ts'
import type { TransportName } from './protocol/feed.ts'
import { PRICES, priceOfBytes } from './access/prices.ts'
import { servePresence } from './rooms/presence.ts'
import { servePublish } from './rooms/publish.ts'
import { readTarget } from './http/request-target.ts'
import { transports as ourTransports } from './transports/index.ts'
import { byFastify } from './transports/poll.ts'
import { PATIENCE, watchProgress } from './transports/progress.ts'
import type { StallLimits } from './transports/progress.ts'
import { createRepeatedPolls } from './transports/repeated-polls.ts'
import { MESSAGE_BYTES } from './http/parameters.ts'
import { JSON_TYPE } from './transports/encoding.ts'
import { HEARTBEAT_MS } from './transports/transport.ts'
import type { App } from './http/app-type.ts'
import type { Goodbye } from './transports/transport.ts'
import type { ListedTransport } from './transports/listed.ts'
import { NO_PROXIES } from './access/trusted-proxies.ts'
import type { TrustedProxies } from './access/trusted-proxies.ts'
import { isWebSocketUpgrade, routeUpgrades, routedPath } from './http/upgrade.ts'
import { validatorCompiler } from './http/validation.ts'
import { createCapture } from './wire/capture/capture.ts'
import { createMeter } from './wire/meter/meter.ts'
import { createWire } from './wire/wire.ts'

/**
 * Maximum time in which a whole request, or its head, must arrive. After this time the server sends 408. A held poll is
 * not affected, because its request has arrived completely.
 */
const REQUEST_MS = 15_000
const HEAD_MS = 10_000

/** Interval at which Node checks `REQUEST_MS` and `HEAD_MS`. A request may exceed these limits by one interval. */
const CHECK_MS = 2000

/**
 * Time without bytes on a connection, for example during a held poll, after which the kernel probes the client. The
 * kernel sends a probe each second. After ten unanswered probes, the kernel closes the connection.
 */
const KEEP_ALIVE_MS = 10_000

/**
 * Maximum length of a parameter in a path. This maximum is far above the maximum length of a room name, so that a room
 * name that is too long gets the error `bad-room`.
 */
const MAX_PARAM_LENGTH = 4096

/** The exchanges and the connections of several processes on one Redis have different numbers. */
const NUMBERS_PER_PROCESS = 1_000_000_000

export interface AppParts {
  readonly log: Log
  readonly access: Access
  /** Limits that differ from the defaults; `false` removes all limits of rates and counts. */
  readonly limits?: Partial<Limits> | false
  /** Proxies that the server trusts when they name a client's address. Default: none. */
  readonly trustProxy?: TrustedProxies | undefined
  /** Times that differ from the defaults, so that tests need not wait. */
  readonly times?: Partial<Times>
  /** True if bytes are counted and `/lab/lanes` is served. Default: true. Benchmarks set `wire` to false. */
  readonly wire?: boolean
  /** Default: silent. */
  readonly logLevel?: LogLevel
  /** Number of this process if it is one of several workers, for operators. */
  readonly worker?: number | undefined
  /** The kit that has started this server for a lesson. Default: none. */
  readonly kit?: Kit | undefined
  /** Transports by name. Default: all transports of `server/transports/index.ts`. */
  readonly transports?: TransportList
  /** Folder that contains the page's `web/` and `server/`. Default: this repository. */
  readonly root?: string | undefined
  /** Path of the program that compares transports. Default: the one of this repository, `npm run compare`. */
  readonly compareProgram?: string | undefined
  /** Returns the addresses at which a class joins, the likeliest first. Default: none. */
  readonly joinAddresses?: (() => readonly string[]) | undefined
  /** Scenes of the show. Default: those of this repository. */
  readonly scenes?: readonly Scene[] | undefined
  /** File that keeps the show. Default: none, so that a restart ends the show. */
  readonly showFile?: ShowFile | null
}

export interface Times extends StallLimits, PresenceTimes, ShowTimes {
  readonly heartbeatMs: number
  /** Time limits of a whole request and of its head. */
  readonly requestMs: number
  readonly headMs: number
  readonly checkMs: number
}

const TIMES: Times = {
  ...PATIENCE,
  ...PRESENCE_TIMES,
  ...SHOW_TIMES,
  heartbeatMs: HEARTBEAT_MS,
  requestMs: REQUEST_MS,
  headMs: HEAD_MS,
  checkMs: CHECK_MS,
}

/**
 * Returns an app that is ready to listen. When the app closes, it ends every open stream with a goodbye and closes the
 * log.
 */
export async function createApp({
  log,
  access,
  limits,
  trustProxy = NO_PROXIES,
  times,
  wire: isMetered = true,
  logLevel = 'silent',
  worker,
  kit,
  transports = ourTransports,
  root,
  compareProgram = join(REPOSITORY, 'test/compare/main.ts'),
  joinAddresses = () => [],
  showFile = null,
  scenes,
}: AppParts): Promise<App> {
  const sharedLimits = shareLimits(log.peers)
  const limiter = createLimiter(limits === false ? NO_LIMITS : { ...LIMITS, ...limits }, sharedLimits)
  const { peers = alone() } = log
  const all: Times = { ...TIMES, ...times }
  const { heartbeatMs, requestMs, headMs, checkMs } = all
  const listed = Object.entries(transports) as [TransportName, ListedTransport][]
  const app = Fastify({
    logger: loggerAt(logLevel, worker),
    // The function `logRequests` (logging.ts) logs requests instead of Fastify.
    logController: new LogController({ disableRequestLogging: true }),
    // All requests share one logger. A logger for each request would add an id to each line, and only lines at the
    // level `debug` need an id.
    ...(logLevel !== 'debug' && { childLoggerFactory: (logger) => logger }),
    bodyLimit: MESSAGE_BYTES,
    trustProxy,
    requestTimeout: requestMs,
    http: {
      headersTimeout: headMs,
      connectionsCheckingInterval: checkMs,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      shouldUpgradeCallback: isWebSocketUpgrade,
      // If Node checked the Host field, it would send an empty 400. `checkHead` checks the field instead.
      requireHostHeader: false,
    },
    rewriteUrl: routedPath,
    // Fastify's own HEAD routes add a Content-Length to responses with 204 and 304. `offerHead` adds HEAD routes
    // without this fault.
    exposeHeadRoutes: false,
    // While the app closes, Fastify would send 503, and an EventSource that reconnects at that moment would stop for
    // good.
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => answerError(error, request, reply),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM_LENGTH },
  })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(validatorCompiler)

  const counter = sharedLimits.counter('connections', limiter.limits.connectionsPerAddress)
  const connections = limitConnections(app.server, limiter.limits, (address) => trustProxy(address, 0), counter)
  const wire = createWire(app.server, isSpared)
  const progress = watchProgress({ ...all, spares: wire.isSilent })
  const presence = createPresence(all, limiter.limits.present, log.peers)
  readJsonBodies(app)
  offerHead(app)
  handleErrors(app, nothingAt)
  watchResponses(app.server)
  answerOutsideRoutes(app)
  logRequests(app, logLevel)
  const responseFailed = (error: Error): void => app.log.error({ err: error }, 'response failed')
  // The next two hooks run for every request. The hooks call `done` instead of returning a promise, because a promise
  // would cost more than the hook itself.
  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = request
    if (!connections.mayAsk(raw, reply.raw)) return void reply.hijack()
    // A transport that writes after the end of its response has a defect. The resulting `error` must not end the
    // process.
    reply.raw.on('error', responseFailed)
    reply.headers(GENERAL_HEADERS)
    progress.watch(raw)
    // A refused request also costs its price. Otherwise guessing passwords would be free.
    setVisitor(raw, { address: request.ip, session: null })
    const turn = limiter.spend(raw, request.routeOptions.config.price ?? PRICES.request)
    const check = (): void => {
      if (raw.socket.destroyed) return void reply.hijack()
      checkHead(raw)
      const finding = access.find(request)
      if (finding) finding.then(pass).catch(refuse)
      else pass()
    }
    const pass = (): void => {
      if (raw.socket.destroyed) return void reply.hijack()
      if (!access.check(request, reply)) done()
    }
    const refuse = (error: Error): void => done(error)
    if (turn) turn.then(check).catch(refuse)
    else check()
  })
  app.addHook('onSend', ({ raw }, _reply, payload, done) => {
    if (typeof payload === 'string' || Buffer.isBuffer(payload)) limiter.charge(raw, priceOfBytes(payload.length))
    done()
  })

  access.serve(app)
  await app.register(swagger, {
    openapi: { info: { title: 'Fourwire', description: `One chat feed by ${listed.length} transports`, version: '1' } },
  })
  const metrics = serveMetrics(
    app,
    log,
    peers,
    listed.map(([name]) => name),
    worker,
  )
  const feed = metrics.observePublishing(createFeed(log, { rooms: limiter.limits.rooms }))
  servePublish(app, feed, limiter, access)
  servePresence(app, presence, limiter, access)
  const boards = createBoards(feed)
  serveBoards(app, boards, limiter, access)
  serveModeration(app, feed, boards, access)
  const goodbyes: Goodbye[] = []
  const lanes = readLanes(transports)
  const firstNumber = 1 + peers.number * NUMBERS_PER_PROCESS
  const capture = createCapture(undefined, firstNumber)
  const meter = isMetered ? createMeter(app.server, lanes.readingOf, capture, firstNumber) : null
  const network = createNetwork(app, wire, connections, new Set(listed.flatMap(([, { paths }]) => paths)), goodbyes)
  const { isOutdated } = wire
  const repeated = createRepeatedPolls({
    server: app.server,
    connections,
    access,
    limiter,
    isOutdated,
    meter: meter?.begin,
  })
  // At the level `debug`, Fastify logs each request.
  const polls = logLevel === 'debug' ? byFastify : repeated
  for (const [name, transport] of listed) {
    const dropped = (reason: string) => metrics.dropped(name, reason)
    const rules = { limiter, progress, access, polls, presence, heartbeatMs, dropped }
    goodbyes.push(transport.serve(app, metrics.observeReading(name, feed), rules))
  }
  progress.onDrop((target, reason) => {
    const transport = lanes.transportOf(target)
    if (transport) metrics.dropped(transport, reason)
  })
  goodbyes.push(serveBetween(app, { access, limiter }))
  goodbyes.push(serveChat(app, { limiter, progress, access, heartbeatMs }))
  const mine = serveMine(app, kit, wire)
  goodbyes.push(mine.leave)
  const lab = serveLab(app, {
    feed,
    access,
    limiter,
    network,
    progress,
    presence,
    peers,
    lanes,
    instruments: meter && { meter, capture },
    show: { heard: (visit, saying) => show.heard(visit, saying), restarted: () => show.restarted() },
  })
  const show = serveShow(app, {
    scenes: scenes ?? ownScenes(),
    transports: listed.map(([name]) => name),
    acts: lab.acts,
    access,
    limiter,
    peers,
    work: log.work?.('show'),
    addresses: joinAddresses,
    file: showFile,
    times: all,
    log: (error) => app.log.error({ err: error }, 'the show cannot be saved'),
  })
  if (meter) serveLanes(app, meter, peers)
  serveComparison(app, access, {
    file: compareProgram,
    transports: listed.map(([name]) => name),
    log: (said) => app.log.error({ said }, 'comparison failed'),
  })
  let openApi: Buffer | undefined
  const kindOf = (path: string) =>
    listed.find(([, { paths }]) => paths.includes(path.replace('{room}', ':room')))?.[1].kind
  app.get('/openapi.json', { schema: { hide: true }, config: { access: 'anyone' } }, async (_request, reply) =>
    // Create the document at the first request for it, because all routes exist by then.
    reply.type(JSON_TYPE).send((openApi ??= Buffer.from(JSON.stringify(withResponses(app.swagger(), kindOf))))),
  )
  serveHealth(app, log, metrics.logTrouble, worker)
  serveJoinCode(app, joinAddresses)
  await page(app, { root })
  serveLessons(app, { kit })
  serveDocuments(app)
  serveState(app, kit, mine)

  routeUpgrades(app)
  peers.join()
  app.addHook('preClose', async () => {
    repeated.drain()
    // From here on the server accepts no new connections, so that a client that reconnects reaches the next process.
    app.server.close()
    const saved = show.stop()
    for (const goodbye of [...goodbyes, lab.leave]) goodbye()
    wire.close()
    progress.stop()
    presence.stop()
    sharedLimits.stop()
    await saved
  })
  app.addHook('onClose', () => feed.close())
  return app
}

/**
 * Adds HEAD to each GET route that responds at once. For a held poll or a stream, the server would hold a HEAD request
 * as well.
 */
function offerHead(app: App): void {
  app.addHook('onRoute', (route) => {
    if (route.method === 'GET' && route.exposeHeadRoute !== false) route.method = ['GET', 'HEAD']
  })
}

/** Handles requests for which Node does not emit `request`, because Node would respond to them itself. */
function answerOutsideRoutes({ server }: App): void {
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  server.on('connect', (request, socket) =>
    answerRawError(
      new FeedError(
        'not-implemented',
        `CONNECT ${quote(request.url)} is a request for a proxy, but this server is not a proxy.`,
      ),
      socket,
    ),
  )
}

/**
 * Returns true if the path is the lab's WebSocket. The conditions do not affect the lab's WebSocket, because a page
 * uses it to compare the clocks and to set the conditions.
 */
const isLab = (path: string): boolean => /^\/lab(\?|$)/.test(path)

/**
 * Returns true if the kit uses this path to read or publish for a student's server. The conditions already affect the
 * student's lane between the student's server and the page, so they must not affect the kit's connection as well.
 */
const isKit = (path: string): boolean => /^\/feed\/[^/]+\/[^/]+\?(.*&)?lane=kit$/.test(path)

function isSpared(target: string): boolean {
  const { path } = readTarget(target)
  return isLab(path) || isKit(path)
}
