/**
 * What can be done to the network while it is in use. Joins the wire, which knows connections and
 * no message, with those who know what goes over them and can say goodbye.
 */
import type { Socket } from 'node:net'
import type { Conditions, Cut } from './protocol.ts'
import type { App, Goodbye } from './transports/transport.ts'
import { NEUTRAL, areEqual } from './wire/ranges.ts'
import type { Wire } from './wire/wire.ts'

export interface Network {
  readonly conditions: Conditions
  /**
   * All of the feed's clients come back through the changed wire, with their cursors: streams and
   * held polls end with their goodbye, idle connections are closed, and one that is in the middle
   * of an answer closes behind it. The same conditions again change nothing.
   */
  setConditions(conditions: Conditions): void
  /** Cuts every connection whose latest request was one for the feed, in the middle of whatever it is. */
  cut(how: Cut): void
  /** As if the server were started anew: goodbyes, nobody there for a while, and then no conditions. */
  restart(): void
}

/** About what a start of the process takes. Connections are reset meanwhile; a closed port would refuse them. */
const RESTART_MS = 1500

/** The routes of the transports: `/feed/:room/poll` and so on. A publish is none of theirs. */
const FEED_ROUTE = /^\/feed\/:room\/|^\/ws$/

/**
 * `goodbyes`: of the transports. `isLane`: of connections that come by another way than the routes.
 * To be called before any route is added, for its hooks.
 */
export function createNetwork(
  app: App,
  wire: Wire,
  goodbyes: Iterable<Goodbye>,
  isLane: (socket: Socket) => boolean = () => false,
): Network {
  const feeds = new WeakSet<Socket>()
  /** Requests that are not answered to their last byte, by connection. A WebSocket's handshake never is. */
  const unanswered = new WeakMap<Socket, number>()
  const count = (socket: Socket, change: number) => unanswered.set(socket, (unanswered.get(socket) ?? 0) + change)

  app.addHook('onRequest', async ({ raw, routeOptions }, reply) => {
    const { socket } = raw
    count(socket, 1)
    reply.raw.once('close', () => count(socket, -1))
    if (FEED_ROUTE.test(routeOptions.url ?? '')) feeds.add(socket)
    else feeds.delete(socket)
  })
  // Event streams take their connections with them; whatever else is answered says so in its head.
  app.addHook('onSend', async ({ raw }, reply) => {
    if (wire.isOutdated(raw.socket)) reply.header('connection', 'close')
  })

  return {
    get conditions() {
      return wire.conditions
    },
    setConditions(conditions) {
      if (!areEqual(conditions, wire.conditions)) change(conditions)
    },
    cut: (how) => wire.cut(how, (socket) => feeds.has(socket) || isLane(socket)),
    restart() {
      change(NEUTRAL)
      wire.refuse(RESTART_MS)
    },
  }

  function change(conditions: Conditions): void {
    wire.setConditions(conditions)
    for (const goodbye of goodbyes) goodbye()
    // Not by Node's own closeIdleConnections: to it a connection is idle whose last answer is still under way.
    wire.endOutdated((socket) => (unanswered.get(socket) ?? 0) > 0)
  }
}
