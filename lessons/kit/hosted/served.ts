/** The student's transport, served as the sandbox serves its own. Loaded only where there is one: most programs are none. */
import type { Server } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import { EVERYBODY } from '../../../server/auth/admission.ts'
import { handleErrors } from '../../../server/error-handler.ts'
import type { Feed } from '../../../server/feed/feed.ts'
import { createPresence } from '../../../server/feed/presence.ts'
import { NO_LIMITS, createLimiter } from '../../../server/limits.ts'
import { PATIENCE, watchProgress } from '../../../server/transports/progress.ts'
import { HEARTBEAT_MS } from '../../../server/transports/transport.ts'
import type { Goodbye, Rules, Transport } from '../../../server/transports/transport.ts'
import { isWebSocketUpgrade, routeUpgrades } from '../../../server/upgrade.ts'
import { validatorCompiler } from '../../../server/validation.ts'

export interface ServeOptions {
  readonly feed: Feed
  /** The sandbox whose page may read what is answered here; null where there is none. */
  readonly follows: string | null
  /** Called with what a handler threw, if that is the server's fault. */
  threw(error: Error): void
}

export interface Served {
  readonly server: Server
  readonly goodbye: Goodbye
  /** At this port, or with 0 at any that is free; resolves with the one that it became. Rejects where it is in use. */
  listen(port: number): Promise<number>
}

/** Throws what the transport throws while it registers its routes. */
export function serveTransport(transport: Transport, { feed, follows, threw }: ServeOptions): Served {
  const app = Fastify({
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
      const address = app.server.address()
      return typeof address === 'object' && address !== null ? address.port : port
    },
  }
}

/** As the sandbox's, with nobody to keep out: a check may ask as often as it likes. */
const rules = (): Rules => ({
  limiter: createLimiter(NO_LIMITS),
  progress: watchProgress(PATIENCE),
  admission: EVERYBODY,
  presence: createPresence(),
  heartbeatMs: HEARTBEAT_MS,
  dropped() {},
})
