/**
 * What an operator watches, for Prometheus: how many are there, what they get and how late, who
 * was dropped and why, and whether the process keeps up. It holds numbers only: no text, name,
 * room or address.
 */
import type { Access } from '../access.ts'
import type { Feed } from '../feed/feed.ts'
import { now } from '../now.ts'
import type { TransportName } from '../protocol.ts'
import type { App } from '../transports/transport.ts'
import { CONTENT_TYPE, counter, expose, histogram, reading } from './exposition.ts'
import { observePublishing, observeReading } from './observed-feed.ts'
import { measureProcess } from './process.ts'

export interface Metrics {
  /** The same feed for one transport, with what that transport reads from it counted. */
  reading(transport: TransportName, feed: Feed): Feed
  /** The same feed, with what is published counted. */
  publishing(feed: Feed): Feed
  /** The server itself ended one of this transport's clients. `reason`: one of few, for each is a series. */
  dropped(transport: TransportName, reason: string): void
  /** Was the latest publish refused by the log, and why? Null while it takes writes. */
  readonly logTrouble: string | null
}

/** From what a memory bus takes to the longest hold of a poll. */
const DELAY_BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

const FAILED = 'delivering failed'

const schema = { summary: 'Numbers for Prometheus; for the instructor' }

/** Adds `GET /metrics`. `transports`: those that show from the start. */
export function serveMetrics(app: App, access: Access, transports: readonly TransportName[]): Metrics {
  const each = transports.map((transport) => ({ transport }))
  const following = new Map(transports.map((transport) => [transport, 0]))
  let logTrouble: string | null = null

  const deliveries = counter('fourwire_deliveries_total', 'Events handed to the sockets of clients.', each)
  const delays = histogram(
    'fourwire_delivery_delay_seconds',
    'From the moment an event was accepted until it was handed to a client\u2019s socket; history that a client asked for is left out.',
    DELAY_BOUNDS_S,
  )
  const gaps = counter('fourwire_gaps_total', 'Times that a client was told of events no longer kept.', each)
  const drops = counter(
    'fourwire_drops_total',
    'Clients that the server cut off, by reason.',
    each.map((one) => ({ ...one, reason: FAILED })),
  )
  const publishes = counter(
    'fourwire_publishes_total',
    'Publishes, by what became of them: accepted, repeated (its key was known), refused (by the event log).',
    ['accepted', 'repeated', 'refused'].map((result) => ({ result })),
  )
  const clients = reading(
    'fourwire_clients',
    'gauge',
    'Streams and held polls that follow a room now; a WebSocket counts once for each room that it is in.',
    () => Array.from(following, ([transport, count]) => [{ transport }, count] as const),
  )
  const log = reading(
    'fourwire_log_takes_writes',
    'gauge',
    '1, or 0 where the latest publish was refused by the event log.',
    () => [[{}, logTrouble === null ? 1 : 0]],
  )
  const running = measureProcess()
  app.addHook('onClose', async () => running.stop())
  const metrics = [clients, deliveries, delays, gaps, drops, publishes, log, ...running.metrics]

  app.get('/metrics', { schema }, async ({ raw }, reply) => {
    access.checkInstructor(raw, 'The numbers are for who runs the server.')
    return reply.type(CONTENT_TYPE).header('cache-control', 'no-store').send(expose(metrics))
  })

  return {
    reading(transport, feed) {
      // Of every client and every event.
      const countDelivered = deliveries.of({ transport })
      const observeDelayS = delays.of({ transport })
      return observeReading(feed, {
        arrived() {
          following.set(transport, (following.get(transport) ?? 0) + 1)
          let here = true
          return () => {
            if (here) following.set(transport, (following.get(transport) ?? 1) - 1)
            here = false
          }
        },
        delivered(events, sinceMs) {
          if (events.length === 0) return
          countDelivered(events.length)
          const at = now()
          for (const event of events) if (event.at >= sinceMs) observeDelayS((at - event.at) / 1000)
        },
        missed: () => gaps.add({ transport }),
        failed: (error) => {
          app.log.error({ err: error, transport }, 'delivering failed')
          dropped(transport, FAILED)
        },
      })
    },
    publishing: (feed) =>
      observePublishing(feed, {
        published(result) {
          publishes.add({ result })
          if (logTrouble !== null) app.log.info('event log takes writes again')
          logTrouble = null
        },
        refused(error) {
          publishes.add({ result: 'refused' })
          if (logTrouble === null) app.log.error({ err: error }, 'event log takes no writes')
          logTrouble = error.message
        },
      }),
    dropped,
    get logTrouble() {
      return logTrouble
    },
  }

  function dropped(transport: TransportName, reason: string): void {
    drops.add({ transport, reason })
    app.log.warn({ transport, reason }, 'client dropped')
  }
}
