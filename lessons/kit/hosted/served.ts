/** Serves the student's transport like one of the sandbox's own. Loaded only for exercises with a transport. */
import type { Server } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import { createAccess } from '../../../server/access/access.ts'
import { handleErrors } from '../../../server/http/error-handler.ts'
import type { Feed } from '../../../server/feed/feed.ts'
import { createPresence } from '../../../server/feed/presence.ts'
import { NO_LIMITS, createLimiter } from '../../../server/access/limits.ts'
import { byFastify } from '../../../server/transports/poll.ts'
import { PATIENCE, watchProgress } from '../../../server/transports/progress.ts'
import { HEARTBEAT_MS } from '../../../server/transports/transport.ts'
import type { Goodbye, Rules, Transport } from '../../../server/transports/transport.ts'
import { isWebSocketUpgrade, routeUpgrades, routedPath } from '../../../server/http/upgrade.ts'
import { validatorCompiler } from '../../../server/http/validation.ts'
import { portOf } from '../port.ts'

export interface HostedServerOptions {
  readonly feed: Feed
  /** Origin of the sandbox whose pages may read the responses (CORS); null if there is none. */
  readonly follows: string | null
  /** Called with each error of a handler that leads to a status of 500 or more. */
  threw(error: Error): void
}

export interface HostedServer {
  readonly server: Server
  readonly goodbye: Goodbye
  /** Listens on this port, or on any free one for 0; resolves with the port. Rejects if the port is in use. */
  listen(port: number): Promise<number>
}

/** Registers the transport's routes; throws the errors of `serve`. */
export function serveTransport(transport: Transport, { feed, follows, threw }: HostedServerOptions): HostedServer {
  const app = Fastify({
    rewriteUrl: routedPath,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    http: { shouldUpgradeCallback: isWebSocketUpgrade },
  })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(validatorCompiler)
  handleErrors(app)
  app.addHook('onError', async (_request, _reply, error) => {
    if ((error.statusCode ?? 500) >= 500) threw(error)
  })
  if (follows !== null)
    app.addHook('onRequest', async (_request, reply) => void reply.header('access-control-allow-origin', follows))
  const goodbye = transport.serve(app, feed, rules()) ?? (() => {})
  routeUpgrades(app)
  return {
    server: app.server,
    goodbye,
    async listen(port) {
      await app.listen({ host: '127.0.0.1', port })
      return portOf(app.server)
    },
  }
}

/** Returns the sandbox's rules without limits, because a check may send any number of requests. */
const rules = (): Rules => ({
  limiter: createLimiter(NO_LIMITS),
  progress: watchProgress(PATIENCE),
  access: createAccess(),
  polls: byFastify,
  presence: createPresence(),
  heartbeatMs: HEARTBEAT_MS,
  dropped() {},
})
