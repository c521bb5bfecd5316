/** Authentication as an option: with `--auth`, whoever wants to read or publish has to know the class's password. */
import { scryptSync } from 'node:crypto'
import { createTokenCheck } from '../instructor-token.ts'
import type { App } from '../transports/transport.ts'
import { EVERYBODY, createAdmission } from './admission.ts'
import type { Admission } from './admission.ts'
import { current, serveSession } from './routes.ts'
import { createSessions } from './sessions.ts'
import { createTickets } from './tickets.ts'

export interface AuthOptions {
  /** Whoever knows it may sign in, under any name. The same after a restart lets sessions go on. */
  readonly password: string
  /** Default: 8 h. */
  readonly sessionMs?: number
  /** Default: 30 s. */
  readonly ticketMs?: number
}

/** A class behind one address mistypes more than a person does. */
const TRIES = 100

/** Adds `/session` and the way to the page that signs in. Call it before the routes of what is guarded. */
export function serveAuth(app: App, options: AuthOptions | undefined): Admission {
  if (!options) {
    serveSession(app, null)
    return EVERYBODY
  }
  const sessions = createSessions(scryptSync(options.password, 'fourwire', 32), options.sessionMs)
  const tickets = createTickets(options.ticketMs)
  const checkPassword = createTokenCheck(options.password, {
    code: 'wrong-password',
    what: 'the password',
    tries: TRIES,
  })
  serveSession(app, { sessions, tickets, checkPassword })
  const admission = createAdmission(sessions, tickets)
  app.addHook('onRequest', async (request, reply) => {
    const { raw, url, routeOptions } = request
    admission.check(raw, routeOptions.url)
    if (isForPeople(raw.headers.accept, raw.method, url) && !current({ sessions }, raw))
      return reply.header('cache-control', 'no-store').redirect(`${SIGN_IN}?next=${encodeURIComponent(url)}`, 303)
    return undefined
  })
  return admission
}

const SIGN_IN = '/sign-in.html'

/** A page that somebody opens: scripts and programs are told by a status, people by a form. */
function isForPeople(accept = '', method = '', url = ''): boolean {
  return method === 'GET' && /\btext\/html\b/.test(accept) && !url.startsWith(SIGN_IN)
}
