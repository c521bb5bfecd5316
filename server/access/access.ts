/**
 * Access control for all routes, streams and WebSockets. Every request and every upgrade passes `check` before its
 * route runs. A route names its audience in its config. A route that names no audience (a student's transport, for
 * example) is for the class.
 *
 * - *Alone* (only this machine can reach the server): everybody who opens the server at a loopback address is the
 *   instructor.
 * - *Shared* (other machines can reach the server): only the instructor's token makes somebody the instructor, even on
 *   the server's own machine.
 * - With `auth`, only the instructor and people who have signed in can read and publish. A request with a session may use
 *   only the name of that session.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { FeedError, quote } from '../http/errors.ts'
import type { Named } from '../http/parameters.ts'
import { isWebSocketUpgrade } from '../http/upgrade.ts'
import { createBans } from './bans.ts'
import type { Ban, Bans } from './bans.ts'
import { bearerOf, cookieOf, currentSession, namedIn, queryOf } from './credentials.ts'
import { isReserved } from './names.ts'
import { corsHeaders } from '../http/cors.ts'
import { LOOPBACK_NAMES, createOrigins, isLoopback, nameOf } from '../http/origin.ts'
import type { Origins } from '../http/origin.ts'
import { createSessions, isSessionToken } from './sessions.ts'
import type { Session, Sessions } from './sessions.ts'
import type { Peers } from '../peers/peers.ts'
import { createLookups } from './lookups.ts'
import type { SessionFile } from './session-file.ts'
import { serveSession } from './session-routes.ts'
import type { AuthOptions } from './session-routes.ts'
import { createTickets } from './tickets.ts'
import { INSTRUCTORS, createTokenCheck, guesserOf } from './tokens.ts'
import type { TokenCheck } from './tokens.ts'
import { clientOf, isProxied, setVisitor, visitorOf } from './visitor.ts'

/**
 * The people who may use a route.
 * - `public`: everybody. The server checks neither the host name nor the origin. Public routes serve only files of the
 *   repository, the QR code of the join address, and the preflight. So a page always loads, and can explain why the
 *   server refuses another request.
 * - `anyone`: everybody, if the host name and the origin are allowed.
 * - `class`: if signing in is on, the instructor and people who have signed in; otherwise everybody.
 * - `instructor`: only the instructor.
 */
export type Audience = 'public' | 'anyone' | 'class' | 'instructor'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The people who may use the route. Default: the class. */
    access?: Audience
    /** For routes of the audience `instructor`: the sentence that tells other people why they may not use the route. */
    why?: string
    /**
     * For routes of WebSockets: true if a client with `?auth=message` in its URL may send its session's token as its
     * first message.
     */
    hearsToken?: boolean
  }
}

export interface AccessOptions {
  /** Host names for which the server accepts requests, in addition to the loopback names. */
  readonly hosts?: Iterable<string>
  /**
   * Public origins whose requests a service forwards to this server. The pages of these origins count as this server's
   * own pages.
   */
  readonly ownOrigins?: Iterable<string>
  /** Further origins whose pages may read and publish. On a page of these origins, nobody is the instructor. */
  readonly allowOrigins?: readonly string[]
  /** True if other machines can reach this server. On a shared server, only the token makes somebody the instructor. */
  readonly isShared?: boolean
  /** The token that makes somebody the instructor. If undefined, no token makes anybody the instructor. */
  readonly instructorToken?: string | undefined
  /** Rules of signing in. If undefined, signing in is off, and everybody may read and publish. */
  readonly auth?: AuthOptions | undefined
  /** File from which a restarted server reads its sessions. If null, all sessions end when the process ends. */
  readonly sessionFile?: SessionFile | null
  /** The processes that share sessions, tickets and bans with this one. If undefined, there are none. */
  readonly peers?: Peers | undefined
}

/** Something that calls the listener once when it closes. */
export interface Closing {
  onClose(listener: () => void): void
}

export interface Access extends Pick<Origins, 'checkHost' | 'checkOrigin' | 'guestOf'> {
  /** Adds the routes of `/session`. Call this method before you add any other route. */
  serve(app: FastifyInstance): void
  /**
   * Looks in Redis for the session of a request, so that `check` can find it. Returns undefined if there is no need. The
   * promise never rejects.
   */
  find(request: FastifyRequest): Promise<void> | undefined
  /**
   * Checks a request before its route runs. Call `find` before. The caller must already have set the request's visitor, without a session.
   * If the request is refused, throws an error: `wrong-host` (421), `wrong-origin` (403), `not-signed-in`,
   * `wrong-credentials`, `session-expired` (401), `not-instructor`, `wrong-token` (403), `too-many-tries` (429), and
   * `LogUnavailable` if the session may be in Redis, but Redis was away.
   * Returns true if this method has redirected the request to the sign-in page.
   */
  check(request: FastifyRequest, reply: FastifyReply): boolean
  /**
   * Returns a function that checks a request again which `check` has accepted. Call the function when the same client
   * repeats the request on the same connection with the same fields and names. The function returns false if the
   * repetition must pass `check`. Otherwise it returns true, and the repetition ends as any request ends if its session
   * ends or its person is removed. Returns null if no repetition can be allowed.
   */
  remember(request: IncomingMessage): ((response: Closing) => boolean) | null
  /** Returns true if the WebSocket of this request must still send its session's token as its first message. */
  owesToken(request: IncomingMessage): boolean
  /**
   * Accepts a session's token that a WebSocket sent as its first message. Rejects with `wrong-credentials` (401) or
   * `session-expired` (401) if no live session has this token, and with `LogUnavailable` if the session may be in Redis,
   * but Redis is away. Also rejects with the errors of `checkUser`.
   */
  admit(request: IncomingMessage, token: string): Promise<void>
  /**
   * Checks the names in a request. Throws `wrong-user` (403) if a name belongs to another person, `reserved-name` (403)
   * if a name is reserved for the instructor, `session-expired` (401) if the session is over, and `removed-person`
   * (403) if the instructor has removed the person.
   */
  checkUser(request: IncomingMessage, named: Named): void
  /**
   * Checks a request that sends something to other people. Throws the errors of `checkUser`, and `muted` (403) if the
   * instructor has muted the sender.
   */
  checkSpeaker(request: IncomingMessage, named: Named): void
  /**
   * Returns true if the request comes from the instructor. Throws `wrong-token` (403) if the request has a wrong token,
   * and `too-many-tries` (429) after too many wrong tokens.
   */
  isInstructor(request: IncomingMessage): boolean
  /**
   * Gives an open WebSocket the rights of the instructor if the token is right. Throws the errors of `isInstructor`,
   * and `wrong-origin` (403) if a page of another origin opened the WebSocket.
   */
  claim(request: IncomingMessage, token: string): void
  /**
   * Sets the function that closes a stream or a WebSocket when its session is over or when the instructor removes its
   * person. If no function is set, the server destroys the connection.
   */
  onEnd(request: IncomingMessage, end: () => void): void
  /**
   * Mutes or removes a person until the server stops, or, with Redis, as long as Redis keeps the ban. Null lifts the ban. If the instructor has removed the person,
   * this function ends the session with that name. It also ends the open requests of all clients that used that name
   * and have no session. Resolves when the other processes get the ban. Rejects with `LogUnavailable` if they get it only
   * when Redis is back.
   */
  ban(user: string, ban: Ban | null): Promise<void>
  readonly bans: Pick<Bans, 'list'>
  readonly sessions: Sessions
  stop(): void
}

const SIGN_IN = '/sign-in.html'

export function createAccess({
  hosts = [],
  ownOrigins = [],
  allowOrigins = [],
  isShared: isReachable = false,
  instructorToken,
  auth,
  sessionFile = null,
  peers,
}: AccessOptions = {}): Access {
  const isShared = isReachable || auth !== undefined
  const origins = createOrigins(hosts, ownOrigins, allowOrigins)
  const hasGuests = allowOrigins.length > 0
  const sessions = createSessions(auth?.sessionMs, sessionFile, peers)
  const tickets = createTickets(sessions, auth?.ticketMs, peers)
  const lookups = createLookups(sessions, tickets, peers !== undefined)
  const checkToken: TokenCheck = createTokenCheck(instructorToken, INSTRUCTORS, peers)
  const owing = new WeakSet<IncomingMessage>()
  const claimed = new WeakSet<IncomingMessage>()
  const endings = new WeakMap<IncomingMessage, () => void>()
  const bans = createBans(peers)
  bans.onRemoved(cut)
  /**
   * For each WebSocket or stream, the latest names that its client gave. A later message of a client may contain no
   * name.
   */
  const lastNames = new WeakMap<IncomingMessage, readonly string[]>()
  /** Open requests without a session. */
  const open = new Set<IncomingMessage>()

  const access: Access = {
    ...origins,
    sessions,
    bans,
    serve,
    find: (request) => lookups.find(request.raw, auth !== undefined && isForClass(audienceOf(request))),
    check,
    remember,
    owesToken: (request) => owing.has(request),
    admit,
    checkUser,
    checkSpeaker,
    isInstructor,
    ban,
    claim(request, token) {
      if (origins.guestOf(request) !== null) origins.checkOrigin(request)
      checkToken(token, guesserOf(request))
      claimed.add(request)
    },
    onEnd: (request, end) => void endings.set(request, end),
    stop: () => sessions.stop(),
  }
  return access

  function serve(app: FastifyInstance): void {
    serveSession(app, { access, lookups, sessions, bans, tickets, auth, peers, checkToken })
    // Without the bans, the server would let removed people in.
    app.addHook('onReady', async () => void (await Promise.all([sessions.ready, bans.ready])))
    app.addHook('onClose', async () => sessions.stop())
  }

  function check(request: FastifyRequest, reply: FastifyReply): boolean {
    const { raw, ip: address, is404, routeOptions } = request
    const audience = audienceOf(request)
    const { why = '', hearsToken = false } = is404 ? {} : routeOptions.config
    if (audience !== 'public') {
      origins.checkHost(raw)
      const guest = origins.guestOf(raw)
      if (hasGuests) reply.headers(corsHeaders(guest, auth !== undefined))
      if (guest === null || audience === 'instructor') origins.checkOrigin(raw)
    }
    const query = queryOf(raw)
    if (isForClass(audience)) {
      lookups.checkFound(raw)
      const session = sessionBy(raw, query)
      if (session) setVisitor(raw, { address, session })
      untilOver(raw, session, closingOf(isWebSocketUpgrade(raw) ? raw.socket : reply.raw))
    }
    if (audience === 'instructor' && !isInstructor(raw)) throw new FeedError('not-instructor', why)
    if (audience === 'class') {
      const isIn = !auth || visitorOf(raw).session !== null || isKnown(raw)
      if (!isIn && hearsToken && isWebSocketUpgrade(raw) && query.get('auth') === 'message') owing.add(raw)
      else if (!isIn)
        throw new FeedError('not-signed-in', `Only people who have signed in may use ${routeOptions.url ?? ''}.`)
      if (isIn) checkUser(raw, namedIn(query))
    }
    if (!auth || !isForPeople(request) || currentSession(sessions, raw)) return false
    reply.header('cache-control', 'no-store').redirect(`${SIGN_IN}?next=${encodeURIComponent(request.url)}`, 303)
    return true
  }

  function remember(request: IncomingMessage): ((response: Closing) => boolean) | null {
    const query = queryOf(request)
    // A ticket is valid only once, and a browser that asks for a page may have to sign in.
    if (query.has('ticket') || (auth && isForPeople(request))) return null
    const named = namedIn(query)
    const { session } = visitorOf(request)
    const isNamed = session !== null || named.user !== undefined || named.name !== undefined
    return (response) => {
      if (session && !sessions.use(session)) return false
      try {
        if (isNamed) checkUser(request, named)
        else bans.checkRemoved([], clientOf(request))
      } catch {
        return false
      }
      untilOver(request, session, response)
      return true
    }
  }

  /**
   * Returns true if a request without a session carries the instructor's token. Throws an error if the request carries
   * any other token.
   */
  function isKnown(request: IncomingMessage): boolean {
    try {
      return isInstructor(request)
    } catch (error) {
      if (!(error instanceof FeedError) || error.code !== 'wrong-token') throw error
      throw new FeedError('wrong-credentials', 'The token belongs neither to a session nor to the instructor.')
    }
  }

  /**
   * Returns the session of a request, or null if the request has none. Reads only the first credentials that the
   * request carries. If the first credentials are wrong, throws an error, even if the request also carries right
   * credentials.
   */
  function sessionBy(request: IncomingMessage, query: URLSearchParams): Session | null {
    const ticket = query.get('ticket')
    if (ticket !== null && auth) return lookups.redeemed(request)
    const bearer = bearerOf(request)
    // A bearer token that belongs to no session can only be the instructor's token. `isInstructor` checks the
    // instructor's token later.
    if (bearer !== null && isSessionToken(bearer)) return sessions.read(bearer)
    if (bearer !== null) return null
    const token = query.get('token') ?? cookieOf(request)
    if (token === null) return null
    // If signing in is off, the server ignores a cookie or a token whose session is over.
    return auth ? sessions.read(token) : currentSession(sessions, request)
  }

  async function ban(user: string, is: Ban | null): Promise<void> {
    await bans.set(user, is)
  }

  /** Ends the session and the open requests of a person whom the instructor has removed. */
  function cut(user: string): void {
    const holder = sessions.holderOf(user)
    // If Redis is away, the other processes learn about it when Redis is back.
    if (holder) sessions.end(holder).catch(() => {})
    const clients = bans.clientsOf(user)
    for (const request of open) if (clients.has(clientOf(request))) end(request)
  }

  function end(request: IncomingMessage): void {
    const ending = endings.get(request)
    if (ending) ending()
    else request.socket.destroy()
  }

  async function admit(request: IncomingMessage, token: string): Promise<void> {
    await sessions.find(token)
    const session = sessions.read(token)
    setVisitor(request, { address: visitorOf(request).address, session })
    untilOver(request, session, closingOf(request.socket))
    owing.delete(request)
    checkUser(request, namedIn(queryOf(request)))
  }

  /**
   * Ends the request when its session ends, unless the request has already closed. Without a session, the request ends
   * when the instructor removes its client.
   */
  function untilOver(request: IncomingMessage, session: Session | null, closing: Closing): void {
    if (session) return closing.onClose(sessions.onEnd(session, () => end(request)))
    open.add(request)
    closing.onClose(() => open.delete(request))
  }

  function checkUser(request: IncomingMessage, { user, name }: Named): void {
    const { session } = visitorOf(request)
    if (session?.isOver) throw new FeedError('session-expired', `The session of ${quote(session.user)} is over.`)
    for (const [what, value] of Object.entries({ user, name })) {
      if (value === undefined) continue
      if (session && !session.isInstructor) {
        if (value === session.user) continue
        throw new FeedError(
          'wrong-user',
          `${what} is ${quote(value)}, but this session belongs to ${quote(session.user)}.`,
        )
      }
      const holder = sessions.holderOf(value)
      if (holder && holder !== session)
        throw new FeedError(
          'wrong-user',
          `${what} is ${quote(value)}, but another person is signed in as ${quote(holder.user)}.`,
        )
      if (isShared && isReserved(value) && !isInstructor(request))
        throw new FeedError('reserved-name', `${what} is ${quote(value)}, which is reserved for the instructor.`)
    }
    const names = namesOf(request, { user, name })
    if (!session) for (const each of names) bans.used(each, clientOf(request))
    if (names.length > 0 || lastNames.has(request)) lastNames.set(request, names)
    if (!isTokenHolder(request)) bans.checkRemoved(names, clientOf(request))
  }

  function checkSpeaker(request: IncomingMessage, named: Named): void {
    checkUser(request, named)
    if (!isTokenHolder(request)) bans.checkMuted(namesOf(request, named), clientOf(request))
  }

  /**
   * Returns all names of the request. A ban of any of these names affects the request. If a message contains no name
   * (for example `typing`), returns the names that the client gave before.
   */
  function namesOf(request: IncomingMessage, { user, name }: Named): readonly string[] {
    const own = visitorOf(request).session?.user
    if (own === undefined && user === undefined && name === undefined) return lastNames.get(request) ?? []
    return [own, user, name].filter((each): each is string => each !== undefined && each !== '')
  }

  /**
   * Returns true if a token or a session makes the sender the instructor. Nobody can mute or remove this sender. A
   * request from this machine without a token or a session is not enough.
   */
  function isTokenHolder(request: IncomingMessage): boolean {
    return claimed.has(request) || visitorOf(request).session?.isInstructor === true
  }

  function isInstructor(request: IncomingMessage): boolean {
    if (origins.guestOf(request) !== null) return false
    if (isTokenHolder(request)) return true
    if (!isShared && isLoopback(request.socket.remoteAddress ?? '') && !isForwarded(request)) return true
    const given = bearerOf(request)
    if (given === null || isSessionToken(given)) return false
    checkToken(given, guesserOf(request))
    claimed.add(request)
    return true
  }
}

const isForClass = (audience: Audience): boolean => audience === 'class' || audience === 'instructor'

const audienceOf = ({ is404, routeOptions }: FastifyRequest): Audience =>
  is404 ? 'anyone' : (routeOptions.config.access ?? 'class')

/** If the emitter has closed already, calls the listener at once. */
const closingOf = (emitter: NodeJS.EventEmitter & { readonly destroyed: boolean }): Closing => ({
  onClose: (listener) => void (emitter.destroyed ? listener() : emitter.once('close', listener)),
})

/**
 * Returns true if a browser asks for a page other than the sign-in page. `check` redirects only such a browser to the
 * sign-in page; a program gets an error status instead.
 */
function isForPeople({
  method,
  url = '',
  headers: { accept = '' },
}: Pick<IncomingMessage, 'method' | 'url' | 'headers'>): boolean {
  return method === 'GET' && /\btext\/html\b/.test(accept) && !url.startsWith(SIGN_IN)
}

/**
 * Returns true if a proxy seems to have forwarded the request. The server cannot detect a proxy that adds no header and
 * sends `localhost` as the host.
 */
function isForwarded(request: IncomingMessage): boolean {
  return !LOOPBACK_NAMES.includes(nameOf(request.headers.host ?? '')) || isProxied(request)
}
