/** `/session`: the routes to sign in, sign out, read one's own session and get tickets. */
// The reference adds `summary` to the type of route schemas, also for a program that type-checks this file without the
// app.
/// <reference types="@fastify/swagger" />
import type { IncomingMessage } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { FeedError } from '../http/errors.ts'
import type { Peers } from '../peers/peers.ts'
import { PRICES } from './prices.ts'
import type { SessionAnswer } from '../protocol/people.ts'
import type { App } from '../http/app-type.ts'
import type { Origins } from '../http/origin.ts'
import type { Bans } from './bans.ts'
import { COOKIE, bearerOf, cookieOf, currentSession } from './credentials.ts'
import { isReserved, nameKey, readName } from './names.ts'
import { HOLDS_HERE, NOT_SIGNED_IN, NO_TICKET, orElse } from './redis-away.ts'
import type { Roster } from './roster.ts'
import type { Lookups } from './lookups.ts'
import type { Session, Sessions } from './sessions.ts'
import type { Tickets } from './tickets.ts'
import { createTokenCheck, guesserOf } from './tokens.ts'
import type { TokenCheck } from './tokens.ts'
import { countTries } from './tries.ts'

export interface AuthOptions {
  /** Password of the class. Everybody who knows the password may sign in under a name that nobody else uses. */
  readonly password?: string | undefined
  /**
   * The roster, which replaces the password. Only people in the roster may sign in, and each person has a personal
   * code.
   */
  readonly roster?: Roster | undefined
  /** Lifetime of a session. Default: 8 h. */
  readonly sessionMs?: number
  /** Lifetime of a ticket. Default: 30 s. */
  readonly ticketMs?: number
}

interface Parts {
  readonly access: Pick<Origins, 'checkOrigin'> & { isInstructor(request: IncomingMessage): boolean }
  readonly lookups: Pick<Lookups, 'checkFound'>
  readonly sessions: Sessions
  readonly bans: Bans
  readonly tickets: Tickets
  /** Undefined if signing in is off. If signing in is off, only the instructor can have a session. */
  readonly auth: AuthOptions | undefined
  readonly peers: Peers | undefined
  readonly checkToken: TokenCheck
}

/** Somebody who may sign in. */
interface Entrant extends Pick<Session, 'user' | 'isInstructor'> {
  /** True if an earlier session of the same name ends. */
  readonly displaces: boolean
}

/**
 * Number of wrong passwords or codes for one name in a minute that the server answers without delay. Before each
 * further try for this name, the server waits for `SLOW_MS`.
 */
const TRIES = 10
const SLOW_MS = 1000

const SignIn = Type.Object({
  user: Type.Optional(Type.String({ maxLength: 256, description: 'your name, 1 to 64 characters' })),
  password: Type.Optional(
    Type.String({ maxLength: 256, description: 'the class’s password, or your own code if the class has a roster' }),
  ),
  instructor: Type.Optional(
    Type.String({ maxLength: 256, description: 'the instructor’s token, in place of the password' }),
  ),
  as: Type.Optional(
    Type.Union([Type.Literal('cookie'), Type.Literal('token')], {
      description: '"cookie", which no script of a page can read, or "token", for programs',
    }),
  ),
})

const schemas = {
  about: { summary: 'Whether people have to sign in, and the session of this client' },
  signIn: { summary: 'Sign in, and get a cookie or a token', body: SignIn },
  signOut: {
    summary: 'Sign out: end the session, also for clients that have a copy of its token, and close all its connections',
  },
  ticket: { summary: 'Get a ticket that replaces the session in one request' },
}

const config = { access: 'anyone' } as const

export function serveSession(
  plain: FastifyInstance,
  { access, lookups, sessions, bans, tickets, auth, peers, checkToken }: Parts,
): void {
  // The app already has the TypeBox type provider, but the type `FastifyInstance` does not say so.
  const app = plain as unknown as App
  const what = auth?.roster ? 'the code that belongs to this name' : 'the password'
  const checkPassword = createTokenCheck(auth?.password, { code: 'wrong-password', what }, peers)
  /** For each name, the number of wrong passwords or codes that clients sent for the name. */
  const wrong = countTries('name', peers)

  app.get('/session', { schema: schemas.about, config }, async ({ raw }, reply): Promise<SessionAnswer> => {
    reply.header('cache-control', 'no-store')
    const session = current(raw)
    return {
      auth: auth !== undefined,
      roster: auth?.roster !== undefined,
      user: session?.user || null,
      untilMs: session?.untilMs ?? null,
      instructor: session?.isInstructor ?? false,
    }
  })

  app.post(
    '/session',
    { schema: schemas.signIn, config: { ...config, price: PRICES.secret } },
    async ({ raw, body }, reply) => {
      const who = body.instructor === undefined ? await person(raw, body) : instructor(raw, body.instructor, body.user)
      const options = { replaces: current(raw), displaces: who.displaces }
      const { token, session } = await orElse(sessions.begin(who, options), NOT_SIGNED_IN)
      // The instructor may have removed the person meanwhile.
      if (!session.isInstructor) await refuseIfRemoved(session)
      const { user, untilMs, isInstructor } = session
      reply.header('cache-control', 'no-store')
      const told = { user: user || null, untilMs, instructor: isInstructor }
      if (body.as === 'token') return { ...told, token }
      // Max-Age is a duration, not a time, so the clocks of client and server do not have to agree.
      const lastsS = Math.floor(sessions.lastsMs / 1000)
      reply.header('set-cookie', `${COOKIE}=${token}; Max-Age=${lastsS}; ${attributes(raw)}`)
      return told
    },
  )

  app.delete('/session', { schema: schemas.signOut, config }, async ({ raw }, reply) => {
    const session = sessions.read(tokenOf(raw))
    reply.header('set-cookie', `${COOKIE}=; Max-Age=0; ${attributes(raw)}`)
    await orElse(sessions.end(session), HOLDS_HERE)
    return reply.code(204).send()
  })

  if (auth) {
    app.post('/session/ticket', { schema: schemas.ticket, config }, async ({ raw }, reply) => {
      const session = sessions.read(tokenOf(raw))
      // A ticket does not record the origin of the page that asked for it. So the server refuses a ticket of an
      // instructor's session to a page of another origin.
      if (session.isInstructor) access.checkOrigin(raw)
      const ticket = await orElse(tickets.issue(session), NO_TICKET)
      return reply.code(201).header('cache-control', 'no-store').send({ ticket, lastsMs: tickets.lastMs })
    })
  }

  /** Returns the session of a request. Throws `LogUnavailable` if the session may be in Redis, but Redis was away. */
  function current(raw: IncomingMessage): Session | null {
    lookups.checkFound(raw)
    return currentSession(sessions, raw)
  }

  function tokenOf(raw: IncomingMessage): string {
    lookups.checkFound(raw)
    const token = bearerOf(raw) ?? cookieOf(raw)
    if (token === null) throw new FeedError('not-signed-in', 'The request has neither a cookie nor a token.')
    return token
  }

  function instructor(raw: IncomingMessage, token: string, user = ''): Entrant {
    checkToken(token, guesserOf(raw))
    return { user: user === '' ? '' : readName(user), isInstructor: true, displaces: false }
  }

  async function refuseIfRemoved(session: Session): Promise<void> {
    try {
      bans.checkRemoved([session.user], '')
    } catch (error) {
      await sessions.end(session)
      throw error
    }
  }

  async function person(raw: IncomingMessage, { user = '', password = '' }: Type.Static<typeof SignIn>) {
    if (!auth) throw new FeedError('not-found', 'Signing in is off: everybody may read and publish.')
    const name = readName(user)
    bans.checkRemoved([name], '')
    // After too many wrong codes for a name, each further try for the name is slow. The server still accepts the right
    // code.
    if (wrong.of(nameKey(name)).tries >= TRIES) await wait(SLOW_MS)
    try {
      return enter(raw, name, password, auth)
    } catch (error) {
      if (error instanceof FeedError && error.code === 'wrong-password') wrong.add(nameKey(name))
      throw error
    }
  }

  function enter(raw: IncomingMessage, name: string, password: string, { roster }: AuthOptions): Entrant {
    if (roster) {
      const written = roster.nameFor(name, password)
      if (written === null) {
        // `checkPassword` counts a wrong password and throws an error.
        checkPassword('', guesserOf(raw))
        throw new FeedError('wrong-password', 'The name and the code do not belong together.')
      }
      // The right code proves who the person is. If an earlier session has the name (the person may have lost it), the
      // server ends that session.
      return { user: written, isInstructor: false, displaces: true }
    }
    checkPassword(password, guesserOf(raw))
    if (isReserved(name) && !access.isInstructor(raw))
      throw new FeedError('reserved-name', `The name ${JSON.stringify(name)} belongs to the instructor.`)
    return { user: name, isInstructor: false, displaces: false }
  }
}

/**
 * Returns the attributes of the session's cookie. HttpOnly: no script can read the cookie, so an injected script cannot
 * send the cookie to an attacker. SameSite: the browser does not send the cookie with requests of other sites' pages.
 * But another port of the same host is the same site, so the server must still check the Origin field. Secure: this
 * attribute is set if the browser loaded the page over TLS. TLS ends at a proxy, because this server has no TLS.
 */
function attributes({ headers: { origin = '' } }: IncomingMessage): string {
  return `Path=/; HttpOnly; SameSite=Strict${origin.startsWith('https:') ? '; Secure' : ''}`
}
