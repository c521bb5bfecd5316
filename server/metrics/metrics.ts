/**
 * Metrics for an operator, in Prometheus format: the number of clients, the number and the delay of delivered events,
 * the number of dropped clients for each reason, and the load of the process. The metrics contain no text of a message,
 * no name of a person or room, and no address.
 */
import { Counter, Gauge, Registry } from 'prom-client'
import Type from 'typebox'
import type { Feed } from '../feed/feed.ts'
import { LogUnavailable } from '../feed/log.ts'
import type { Log } from '../feed/log.ts'
import type { Peers } from '../peers/peers.ts'
import type { TransportName } from '../protocol/feed.ts'
import type { App } from '../http/app-type.ts'
import { countTogether } from './count-together.ts'
import { metricsOfAll } from './all-metrics.ts'
import type { OfProcess } from './all-metrics.ts'
import { createDelays } from './delays.ts'
import { observePublishing, observeReading } from './observed-feed.ts'
import { measureConnections } from './log-connections.ts'
import { measureProcess } from './process.ts'

export interface Metrics {
  /** Returns a feed for one transport. The returned feed reads from `feed` and counts the events that it reads. */
  observeReading(transport: TransportName, feed: Feed): Feed
  /** Returns a feed that publishes to `feed` and counts what it publishes. */
  observePublishing(feed: Feed): Feed
  /**
   * Counts a client of this transport that the server has cut off. Use only a few different reasons, because Prometheus
   * stores a series for each reason.
   */
  dropped(transport: TransportName, reason: string): void
  /**
   * Returns the reason why the log cannot be written: the log's files are missing, or the log has refused the latest
   * publish. Returns null if the log can be written.
   */
  logTrouble(): string | null
}

/**
 * Bounds of the histogram of delays: from the delay inside one process to the longest time that the server holds a
 * poll.
 */
const DELAY_BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

const FAILED = 'delivering failed'

/** Time between two checks of the log's files. The server soon reports a missing file, even if nobody publishes. */
const LOOK_MS = 5000

const config = { access: 'instructor', why: 'The numbers are for the person who runs the server.' } as const

const schema = {
  summary: 'Metrics for Prometheus; for the instructor',
  querystring: Type.Object({
    of: Type.Optional(
      Type.Literal('all', {
        description: '"all": the metrics of all processes on one Redis. Each series has the label `process`',
      }),
    ),
  }),
}

/**
 * Adds `GET /metrics`. The series of each transport in `transports` exist from the start. `worker`: number of this
 * process, which each series then has as a label; undefined if one process is the whole server.
 */
export function serveMetrics(
  app: App,
  log: Log,
  peers: Peers,
  transports: readonly TransportName[],
  worker?: number,
): Metrics {
  const following = new Map(transports.map((transport) => [transport, 0]))
  let trouble: string | null = null
  /** True if the log's files were missing at the last check. */
  let isMissing = false

  const registry = new Registry()
  // Each request reaches any worker. Without the label, the counters of several workers would look like one counter.
  if (worker !== undefined) registry.setDefaultLabels({ worker })
  const registers = [registry]
  const deliveries = new Counter({
    name: 'fourwire_deliveries_total',
    help: 'Events handed to the sockets of clients.',
    labelNames: ['transport'],
    registers,
  })
  const delays = createDelays(
    'fourwire_delivery_delay_seconds',
    'Time from the acceptance of an event until a client\u2019s socket has it. Requested history is not counted.',
    DELAY_BOUNDS_S,
  )
  registry.registerMetric(delays.metric)
  const gaps = new Counter({
    name: 'fourwire_gaps_total',
    help: 'Gaps sent to clients. A gap means that events are no longer kept.',
    labelNames: ['transport'],
    registers,
  })
  const drops = new Counter({
    name: 'fourwire_drops_total',
    help: 'Clients that the server cut off, by reason.',
    labelNames: ['transport', 'reason'],
    registers,
  })
  const publishes = new Counter({
    name: 'fourwire_publishes_total',
    help: 'Publishes by result: accepted, repeated (its key was known), refused (by the event log).',
    labelNames: ['result'],
    registers,
  })
  // A series must begin at 0, so that Prometheus shows the first event of the series as an increase.
  for (const transport of transports) {
    deliveries.inc({ transport }, 0)
    gaps.inc({ transport }, 0)
    drops.inc({ transport, reason: FAILED }, 0)
  }
  for (const result of ['accepted', 'repeated', 'refused']) publishes.inc({ result }, 0)
  registry.registerMetric(
    new Gauge({
      name: 'fourwire_clients',
      help: 'Open streams and held polls that follow a room. A WebSocket counts once for each of its rooms.',
      labelNames: ['transport'],
      registers: [],
      collect() {
        for (const [transport, count] of following) this.set({ transport }, count)
      },
    }),
  )
  registry.registerMetric(
    new Gauge({
      name: 'fourwire_log_takes_writes',
      help: '1 if the event log can be written. 0 if one of its files is missing, or if it refused the latest publish.',
      registers: [],
      collect() {
        this.set(logTrouble() === null ? 1 : 0)
      },
    }),
  )
  if (log.connections) measureConnections(registry, log)
  const stopMeasuring = measureProcess(registry)
  const looking = setInterval(logTrouble, LOOK_MS).unref()
  app.addHook('onClose', async () => {
    stopMeasuring()
    clearInterval(looking)
  })

  const own = async (): Promise<OfProcess> => ({ process: peers.number, metrics: await registry.getMetricsAsJSON() })
  peers.answer('metrics', own)
  app.get('/metrics', { schema, config }, async ({ query }, reply) => {
    reply.type(registry.contentType).header('cache-control', 'no-store')
    if (query.of !== 'all') return registry.metrics()
    const others = await peers.ask('metrics', null)
    return metricsOfAll([await own(), ...others.map(({ answer }) => answer as OfProcess)])
  })

  return {
    observeReading(transport, feed) {
      // Look up the labels once here, and not for every event, because events are frequent.
      const delivered = deliveries.labels({ transport })
      return observeReading(feed, {
        arrived() {
          following.set(transport, (following.get(transport) ?? 0) + 1)
          let isFollowing = true
          return () => {
            if (isFollowing) following.set(transport, (following.get(transport) ?? 1) - 1)
            isFollowing = false
          }
        },
        delivered: countTogether((events, history, clients, fromMs, toMs) => {
          delivered.inc(events.length * clients)
          for (const { at } of events.slice(history)) delays.add(transport, clients, at, fromMs, toMs)
        }),
        missed: () => gaps.inc({ transport }),
        failed: (error) => {
          app.log.error({ err: error, transport }, 'delivering failed')
          dropped(transport, FAILED)
        },
      })
    },
    observePublishing: (feed) =>
      observePublishing(feed, {
        published(result) {
          publishes.inc({ result })
          see(null)
        },
        refused(error) {
          publishes.inc({ result: 'refused' })
          see(error)
          logTrouble()
        },
      }),
    dropped,
    logTrouble,
  }

  function logTrouble(): string | null {
    const found = log.trouble?.() ?? null
    if (found !== null) see(new LogUnavailable(found))
    else if (isMissing) see(null)
    isMissing = found !== null
    return trouble
  }

  /** Stores the event log's fault. Writes to the server's log when a fault begins and when it ends. */
  function see(error: LogUnavailable | null): void {
    if (error && trouble === null) app.log.error({ err: error }, 'event log cannot be written')
    if (!error && trouble !== null) app.log.info('event log can be written again')
    trouble = error?.message ?? null
  }

  function dropped(transport: TransportName, reason: string): void {
    drops.inc({ transport, reason })
    app.log.warn({ transport, reason }, 'client dropped')
  }
}
