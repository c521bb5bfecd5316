/**
 * Changes the network conditions and causes faults while clients are connected. The network uses the wire and the
 * transports: the wire knows only connections, and a transport can end its streams with a goodbye.
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
   * Sets new conditions and makes the feed's clients reconnect with their cursors. The transports end streams and held
   * polls with a goodbye. The wire closes idle connections at once, and a connection with a response in progress closes
   * after this response. If the new conditions equal the current conditions, nothing changes.
   */
  setConditions(conditions: Conditions): void
  /** Cuts, at once, every connection whose latest request was for the feed. */
  cut(how: Cut): void
  /**
   * Simulates a restart of the server: says goodbye to all clients, resets new connections for a short time, and
   * removes all conditions.
   */
  restart(): void
}

/**
 * Duration of a simulated restart, similar to the duration of a real restart. During a simulated restart, new
 * connections are reset. During a real restart, the closed port would refuse new connections.
 */
const RESTART_MS = 1500

/**
 * Matches the routes of lanes that are not routes of the transports: presence, and the student's server. Does not match
 * the route for publishing.
 */
const LANE_ROUTE = new RegExp(`^/feed/:room/|^${MINE}(/|$)`)

/**
 * Creates the network. `paths` and `goodbyes` come from the transports. Call `createNetwork` before the transports add
 * their routes, because the hooks of the network see only routes that are added later.
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
  // Responses on an outdated connection get `Connection: close`. Event streams close their connection without this
  // field.
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
    // Node's `closeIdleConnections` cannot be used: it counts a connection as idle while the last response of this
    // connection is still on its way.
    wire.endOutdated(isBusy)
  }
}
