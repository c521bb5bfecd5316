/**
 * Changes the network conditions and causes faults while clients are connected. It connects the wire, which knows
 * only connections, with the transports, which can end their streams with a goodbye.
 */
import type { Socket } from 'node:net'
import type { Conditions, Cut } from '../protocol/lab.ts'
import { MINE } from '../lessons/mine.ts'
import type { Connections } from '../access/connections.ts'
import type { App } from '../http/app-type.ts'
import type { Goodbye } from '../transports/transport.ts'
import { NEUTRAL, areEqual } from '../wire/bend/ranges.ts'
import type { Wire } from '../wire/wire.ts'

export interface Network {
  readonly conditions: Conditions
  /**
   * Sets new conditions and makes the feed's clients reconnect with their cursors. Streams and held polls
   * end with a goodbye, idle connections are closed, and a connection with a response in progress closes
   * after it. Equal conditions change nothing.
   */
  setConditions(conditions: Conditions): void
  /** Cuts, at once, every connection whose latest request was for the feed. */
  cut(how: Cut): void
  /** Simulates a restart of the server: goodbyes, a time without a server, and then no conditions. */
  restart(): void
}

/**
 * Duration of a simulated restart, similar to that of a real restart. New connections are reset during this time. In
 * a real restart the closed port would refuse them.
 */
const RESTART_MS = 1500

/**
 * Routes that belong to lanes, in addition to the routes of the transports: presence, and the student's server. The
 * route for publishing does not match.
 */
const LANE_ROUTE = new RegExp(`^/feed/:room/|^${MINE}(/|$)`)

/**
 * Creates the network. `paths` and `goodbyes` come from the transports. Call this before any route is added, because
 * it adds hooks.
 */
export function createNetwork(
  app: App,
  wire: Wire,
  { isBusy }: Pick<Connections, 'isBusy'>,
  paths: ReadonlySet<string>,
  goodbyes: Iterable<Goodbye>,
): Network {
  const feeds = new WeakSet<Socket>()

  app.addHook('onRequest', ({ raw: { socket }, routeOptions: { url = '' } }, _reply, done) => {
    if (paths.has(url) || LANE_ROUTE.test(url)) feeds.add(socket)
    else feeds.delete(socket)
    done()
  })
  // Responses on an outdated connection get `Connection: close`. Event streams close their connection without it.
  app.addHook('onSend', ({ raw }, reply, _payload, done) => {
    if (wire.isOutdated(raw.socket)) reply.header('connection', 'close')
    done()
  })

  return {
    get conditions() {
      return wire.conditions
    },
    setConditions(conditions) {
      if (!areEqual(conditions, wire.conditions)) change(conditions)
    },
    cut: (how) => wire.cut(how, (socket) => feeds.has(socket)),
    restart() {
      change(NEUTRAL)
      wire.refuse(RESTART_MS)
    },
  }

  function change(conditions: Conditions): void {
    wire.setConditions(conditions)
    for (const goodbye of goodbyes) goodbye()
    // Node's closeIdleConnections cannot be used: it counts a connection as idle while its last response is still on its way.
    wire.endOutdated(isBusy)
  }
}
