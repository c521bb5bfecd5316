/** `/session`: signing in and out, who one is, and tickets. Where authentication is off it says so, and nothing else is there. */
import type { IncomingMessage } from 'node:http'
import Type from 'typebox'
import { FeedError } from '../errors.ts'
import { MESSAGE } from '../transports/transport.ts'
import type { App } from '../transports/transport.ts'
import { COOKIE, bearerOf, cookieOf } from './admission.ts'
import type { Session, Sessions } from './sessions.ts'
import type { Tickets } from './tickets.ts'

export interface Auth {
  readonly sessions: Sessions
  readonly tickets: Tickets
  /** Throws `wrong-password` (403) or `too-many-tries` (429). */
  checkPassword(given: string, address: string): void
}

const SignIn = Type.Object({
  user: MESSAGE.user,
  password: Type.String({ maxLength: 256, description: 'the password that was printed where the server was started' }),
  as: Type.Optional(
    Type.Union([Type.Literal('cookie'), Type.Literal('token')], {
      description: '"cookie", which no script of a page can read, or "token", for programs',
    }),
  ),
})

const schemas = {
  about: { summary: 'Is authentication on, and who am I' },
  signIn: { summary: 'Sign in: a cookie, or a token', body: SignIn },
  signOut: { summary: 'Sign out: the session ends wherever it was copied to' },
  ticket: { summary: 'A ticket in place of the session, for one request' },
}

export function serveSession(app: App, auth: Auth | null): void {
  app.get('/session', { schema: schemas.about }, async ({ raw }, reply) => {
    reply.header('cache-control', 'no-store')
    const session = auth && current(auth, raw)
    return { auth: auth !== null, user: session?.user ?? null, untilMs: session?.untilMs ?? null }
  })
  if (auth) serveSigning(app, auth)
}

function serveSigning(app: App, { sessions, tickets, checkPassword }: Auth): void {
  app.post('/session', { schema: schemas.signIn }, async ({ raw, body: { user, password, as } }, reply) => {
    checkPassword(password, raw.socket.remoteAddress ?? '')
    const { token, session } = sessions.begin(user.toWellFormed())
    reply.header('cache-control', 'no-store')
    if (as === 'token') return { ...session, token }
    const lastsS = Math.floor((session.untilMs - Date.now()) / 1000)
    reply.header('set-cookie', `${COOKIE}=${token}; Max-Age=${lastsS}; ${attributes(raw)}`)
    return session
  })

  app.delete('/session', { schema: schemas.signOut }, async ({ raw }, reply) => {
    sessions.end(tokenOf(raw))
    return reply
      .code(204)
      .header('set-cookie', `${COOKIE}=; Max-Age=0; ${attributes(raw)}`)
      .send()
  })

  app.post('/session/ticket', { schema: schemas.ticket }, async ({ raw }, reply) => {
    const ticket = tickets.issue(sessions.read(tokenOf(raw)))
    return reply.code(201).header('cache-control', 'no-store').send({ ticket, lastsMs: tickets.lastMs })
  })
}

/**
 * HttpOnly: no script reads it, so none that was smuggled in can send it anywhere. SameSite: other
 * sites' pages do not send it; another port of the same name is the same site, which is what the
 * check of Origin is for. Secure where the page came through TLS, which ends at a proxy.
 */
function attributes({ headers: { origin = '' } }: IncomingMessage): string {
  return `Path=/; HttpOnly; SameSite=Strict${origin.startsWith('https:') ? '; Secure' : ''}`
}

function tokenOf(request: IncomingMessage): string {
  const token = bearerOf(request) ?? cookieOf(request)
  if (token === null) throw new FeedError('not-signed-in', 'There is neither a cookie nor a token with this request.')
  return token
}

/** A cookie that is over, or of another server on this machine, is as good as none. */
export function current({ sessions }: Pick<Auth, 'sessions'>, request: IncomingMessage): Session | null {
  const token = bearerOf(request) ?? cookieOf(request)
  try {
    return token === null ? null : sessions.read(token)
  } catch {
    return null
  }
}
