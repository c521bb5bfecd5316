import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import { expectStatus, shown } from '../kit/expect.ts'
import type { Exercise, Hint } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/exercise.ts'
import type { Trial } from '../kit/trial.ts'

const SESSION_MS = 60 * 60 * 1000
const TICKET_MS = 30_000

/** What a browser sends of these by itself; `Origin` names the page that has asked. */
interface Who {
  readonly cookie?: string
  readonly origin?: string
}

/** What came of one attempt to open a WebSocket. */
interface Knock {
  readonly bytes: string
  /** In `bytes`, of the status, or of where it should be. */
  readonly at: number
  /** 0 where the connection was closed without one. */
  readonly status: number
  readonly socket: WebSocket
  /** What was sent down to it, as JSON where it is some. */
  readonly told: readonly unknown[]
  /** Its close code; null while it is open, or where it never was. */
  readonly closed: number | null
}

/** Resolves when there is an answer, and behind a 101 when something was said or the line is closed again. */
async function knock(trial: Trial, target: string, who: Who): Promise<Knock> {
  const headers = {
    Host: hostOf(trial),
    ...(who.origin !== undefined && { Origin: who.origin }),
    ...(who.cookie !== undefined && { Cookie: who.cookie }),
  }
  const socket = trial.websocket(target, { headers })
  const told: unknown[] = []
  const answers: IncomingMessage[] = []
  let over = false
  let closed: number | null = null
  socket.on('unexpected-response', (_request, response: IncomingMessage) => answers.push(response))
  socket.on('upgrade', (response: IncomingMessage) => answers.push(response))
  socket.on('message', (data) => told.push(parsed(String(data))))
  socket.on('error', () => (over = true))
  socket.on('close', (code: number) => {
    over = true
    closed = code
  })
  const request = [`GET ${target} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]
  const head = `${request.join('\n')}\nUpgrade: websocket\n\n`
  const isOver = await trial.until('there is an answer', () => answers.length > 0 || over).catch(() => false)
  if (!isOver) {
    const saw = 'A client asked for a WebSocket, and was neither let in nor refused:'
    throw new Late({ saw, bytes: head, at: head.length, wanted: 'HTTP/1.1 101 or 401 or 403', hint: NO_WORD })
  }
  const [answer] = answers
  const status = answer?.statusCode ?? 0
  // A server that lets in says something, or closes.
  if (status === 101) await trial.until('it has spoken', () => told.length > 0 || over).catch(() => null)
  const statusLine = answer ? `HTTP/1.1 ${status} ${answer.statusMessage}` : ''
  return {
    get bytes() {
      const after = closed === null || status !== 101 ? [] : [`(closed with ${closed})`]
      return [head + statusLine, ...told.map((one) => JSON.stringify(one)), ...after].join('\n').trimEnd()
    },
    at: head.length + (status > 0 ? 'HTTP/1.1 '.length : 0),
    status,
    socket,
    told,
    get closed() {
      return closed
    },
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const hostOf = ({ port }: Trial): string => `localhost:${port}`
const ownPageOf = (trial: Trial): string => `http://${hostOf(trial)}`

interface Told {
  readonly saw: string
  readonly hint: string
}

/** `hint` is for one who was let in; the ways to refuse badly have hints of their own. */
function expectRefused(knocked: Knock, wanted: number, { saw, hint }: Told): void {
  const { bytes, at, status, told, closed } = knocked
  if (status === wanted) return
  const finding = { saw, bytes, at, wanted: String(wanted) }
  if (status === 0) throw new Wrong({ ...finding, wanted: `HTTP/1.1 ${wanted}`, hint: 'hung-up' })
  if (status !== 101) throw new Wrong({ ...finding, hint: 'another-status' })
  const isSentAway = closed !== null && closed !== 1000 && !told.some((one) => userIn(one) !== undefined)
  throw new Wrong({ ...finding, hint: isSentAway ? 'after-the-upgrade' : hint })
}

/** `hint` is for one who was refused. */
function expectUser(knocked: Knock, user: string, { saw, hint }: Told): void {
  const { bytes, at, status, told } = knocked
  if (status !== 101) throw new Wrong({ saw, bytes, at, wanted: status === 0 ? 'HTTP/1.1 101' : '101', hint })
  const found = told.map(userIn).find((one) => one !== undefined)
  if (found === user) return
  const place = bytes.indexOf('"user":')
  const placeOfUser = place < 0 ? bytes.length : place + '"user":'.length
  throw new Wrong({ saw, bytes, at: placeOfUser, wanted: `"user":"${user}"`.slice(place < 0 ? 0 : 7), hint: 'whose' })
}

function userIn(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'user' in message ? message.user : undefined
}

/** Logs in, and answers the cookie as a browser would send it back. */
async function login(trial: Trial, user: string): Promise<string> {
  const answer = await trial.get(`/login?user=${user}`, { method: 'POST' })
  const cookie = /^session=[^;]+/.exec(answer.headers['set-cookie'] ?? '')?.[0]
  if (cookie !== undefined) return cookie
  const bytes = shown(answer, ['set-cookie'])
  throw new Wrong({
    saw: 'After a login there was no session in the answer:',
    bytes,
    at: bytes.length,
    hint: NO_SESSION,
  })
}

/** Asks for a ticket with this cookie. */
async function ticketFor(trial: Trial, cookie: string): Promise<string> {
  const saw = 'Somebody who is logged in asked for a ticket. You answered:'
  const answer = await trial.get('/ticket', { method: 'POST', headers: { Host: hostOf(trial), Cookie: cookie } })
  expectStatus(answer, 201, { saw, hint: 'no-ticket' })
  const { ticket }: { ticket?: unknown } = typeof answer.json === 'object' && answer.json !== null ? answer.json : {}
  const bytes = shown(answer)
  if (typeof ticket !== 'string' || ticket.length < 8)
    throw new Wrong({ saw, bytes, at: bytes.lastIndexOf(answer.body), wanted: '{"ticket":"…"}', hint: 'no-ticket' })
  if (cookie.includes(ticket))
    throw new Wrong({
      saw,
      bytes,
      at: bytes.indexOf(ticket),
      wanted: 'a secret of its own',
      hint: 'the-session-itself',
    })
  return ticket
}

const NO_WORD: Hint = [
  'A request for an upgrade was left without any answer.',
  'Look for a path through your listener on which the socket is neither upgraded nor ended.',
  'Once a server listens for upgrades, Node does nothing with them by itself: no timeout ends what the listener forgets. Whoever collects such sockets runs out of them.',
]
const NO_SESSION: Hint = [
  'Logging in has brought no cookie.',
  'Look at the route for the login: it was there at the beginning.',
  'All that follows needs a session to begin with.',
]
const BADLY_REFUSED: Record<'after-the-upgrade' | 'hung-up' | 'another-status', Hint> = {
  'after-the-upgrade': [
    'You said 101, and closed the line behind it.',
    'Look at the order: what is asked, and when is the handshake made?',
    'With the 101 the client is in. Its page sees a connection that opened; whatever is sent in the meantime it gets; and the log says that all went well. Before the 101 it is still HTTP, which has statuses for this.',
  ],
  'hung-up': [
    'You closed the connection without an answer.',
    'Look at how you refuse: something has to be written before the end.',
    'A connection that ends without a word looks like a broken network, and clients come back after those. A status says that coming back will not help.',
  ],
  'another-status': [
    'You refused, and with a status that says something else.',
    'Look at the status: is it unknown who this is, or known and not allowed?',
    '401 says: I do not know who you are, log in. 403 says: this is not allowed, whoever you are (RFC 9110, sections 15.5.2 and 15.5.4). What a client does next depends on it.',
  ],
}
const WHOSE: Hint = [
  'You let the client in, and took it for somebody else.',
  'Look at where the name in your greeting comes from.',
  'The session that the cookie stands for knows who it is. Nothing else that a client says about itself does.',
]

export const exercises: readonly Exercise[] = [
  {
    name: 'server',
    hosted: { kind: 'server' },
    beside: 'stranger',
    checks: [
      {
        name: 'somebody',
        title: 'Lets in who has logged in, and knows whose socket it is',
        hints: {
          refused: [
            'Somebody had logged in, asked from your own page, and was refused.',
            'Look at your conditions one by one: which of them does not hold for this request?',
            'Your own page has the origin that is written in its address: scheme, host and port. The port is not always the one that you work with.',
          ],
          whose: WHOSE,
        },
        async run(trial) {
          const [ada, bob] = [await login(trial, 'Ada'), await login(trial, 'Bob')]
          for (const [cookie, user] of [
            [ada, 'Ada'],
            [`theme=dark; ${bob}`, 'Bob'],
          ] as const) {
            const saw = `${user} has logged in, and your own page asked for a WebSocket. You answered:`
            expectUser(await knock(trial, '/chat', { origin: ownPageOf(trial), cookie }), user, {
              saw,
              hint: 'refused',
            })
          }
        },
      },
      {
        name: 'nobody',
        title: 'Refuses who has no session with 401, before the 101',
        hints: {
          ...BADLY_REFUSED,
          'let-in': [
            'Nobody had logged in, and you opened a WebSocket.',
            'Look at the listener for upgrades: what is asked before the handshake is made?',
            'A handshake is a request like any other, and its last chance to be refused as one. Behind the 101 there are no statuses any more.',
          ],
          'any-cookie': [
            'There was a cookie, of no session that you know, and you opened a WebSocket.',
            'Look at what you do with the value of the cookie.',
            'A cookie is what a client says. That it says something proves nothing; that the server has given out just this, does.',
          ],
        },
        async run(trial) {
          const origin = ownPageOf(trial)
          const saw = 'Somebody who has not logged in asked for a WebSocket. You answered:'
          expectRefused(await knock(trial, '/chat', { origin }), 401, { saw, hint: 'let-in' })
          const forged = 'session=00112233445566778899aabbccddeeff'
          const sawForged = 'Somebody made up a cookie and asked for a WebSocket. You answered:'
          expectRefused(await knock(trial, '/chat', { origin, cookie: forged }), 401, {
            saw: sawForged,
            hint: 'any-cookie',
          })
        },
      },
      {
        name: 'another-site',
        title: 'Refuses another site’s page with 403, whoever sits before it',
        hints: {
          ...BADLY_REFUSED,
          hijacked: [
            'A page of another origin has opened a WebSocket as Ada, and read what you said to her.',
            'Look at the field Origin of this request, and at what you compare it with.',
            'A browser sends cookies by where a request goes, not by who asked for it, and lets every page read what comes over a WebSocket. It only says whose page it was. Checking that is left to the server.',
          ],
          'looks-alike': [
            'A page whose address begins like yours has opened a WebSocket as Ada.',
            'Look at how you compare: does it hold for a longer name as well?',
            'Anybody can have a host whose name begins or ends as they like. An origin is the same or it is another; there is no nearly.',
          ],
          'null-origin': [
            'A page without an origin of its own has opened a WebSocket as Ada.',
            'Look at what you do where Origin is the word null.',
            'A browser says null where it will not tell: for a file, or a frame that was locked up on purpose, which anybody can make. It is an origin that is never yours.',
          ],
        },
        async run(trial) {
          const cookie = await login(trial, 'Ada')
          for (const [origin, hint] of [
            [`http://localhost:${trial.port + 100}`, 'hijacked'],
            [`${ownPageOf(trial)}.example`, 'looks-alike'],
            [`http://not-${hostOf(trial)}`, 'looks-alike'],
            ['null', 'null-origin'],
          ] as const) {
            const saw =
              'Ada has logged in, and looks at a page of another site, which asks for a WebSocket. You answered:'
            expectRefused(await knock(trial, '/chat', { origin, cookie }), 403, { saw, hint })
          }
        },
      },
      {
        name: 'a-session-that-is-over',
        title: 'Refuses a cookie whose session is over',
        hints: {
          ...BADLY_REFUSED,
          'still-good': [
            'The session had been over for a second, and its cookie still opened a WebSocket.',
            'Look at what a session holds besides its user, and at who looks at that.',
            'The end of a session has to be kept by the server. A browser may keep a cookie for ever, and whoever has copied it will.',
          ],
          'too-early': [
            'The session was good for another second, and its cookie was refused.',
            'Look at the units of both times that you compare.',
            'Date.now is in milliseconds, and so is the time that the session ends at.',
          ],
        },
        async run(trial) {
          await trial.freeze()
          const cookie = await login(trial, 'Ada')
          const who = { origin: ownPageOf(trial), cookie }
          await trial.tick(SESSION_MS - 1000)
          const sawGood = 'Ada logged in an hour ago, but for a second, and asked for a WebSocket. You answered:'
          expectUser(await knock(trial, '/chat', who), 'Ada', { saw: sawGood, hint: 'too-early' })
          await trial.tick(2000)
          const saw = 'Ada logged in an hour and a second ago, and her browser still has the cookie. You answered:'
          expectRefused(await knock(trial, '/chat', who), 401, { saw, hint: 'still-good' })
        },
      },
      {
        name: 'a-socket-that-outlives-it',
        title: 'Closes a socket when its session is over',
        hints: {
          outlives: [
            'The session was over, and the WebSocket that it had opened stayed open.',
            'Look at what happens to a socket after its greeting: who would ever ask again?',
            'An answer is over in a moment; a socket may be open for days. Whoever was allowed to open it is in for as long as nobody closes it.',
          ],
          'another-code': [
            'You closed the socket, and the client cannot tell why.',
            'Look at the code that you close with.',
            'A close code is to a socket what a status is to an answer (RFC 6455, section 7.4). 1008 says that a rule was broken: coming back as one is will not help. After 1000 and 1006 a client draws other conclusions.',
          ],
        },
        async run(trial) {
          await trial.freeze()
          const cookie = await login(trial, 'Ada')
          const knocked = await knock(trial, '/chat', { origin: ownPageOf(trial), cookie })
          const saw = 'Ada logged in and opened a WebSocket. An hour later'
          expectUser(knocked, 'Ada', { saw: `${saw}:`, hint: 'outlives' })
          await trial.tick(SESSION_MS + 1000)
          await trial.until('it is closed', () => knocked.closed !== null).catch(() => null)
          const { bytes, closed } = knocked
          if (closed === null)
            throw new Wrong({
              saw: `${saw} it was still open:`,
              bytes,
              at: bytes.length,
              wanted: 'a close',
              hint: 'outlives',
            })
          if (closed === 1008 || closed >= 4000) return
          const at = bytes.lastIndexOf(String(closed))
          throw new Wrong({ saw: `${saw} you closed it:`, bytes, at, wanted: '1008', hint: 'another-code' })
        },
      },
      {
        name: 'a-ticket',
        title: 'Gives a ticket to who has logged in, and lets its bearer in',
        hints: {
          ...BADLY_REFUSED,
          'no-ticket': [
            'The answer holds no ticket that a program could take out.',
            'Look at what the route returns: 201, because something new is there, and an object with a ticket.',
            'A ticket is a secret that stands for a session, for a moment and for one use.',
          ],
          'the-session-itself': [
            'What you gave out as a ticket is the secret of the session.',
            'Look at where the ticket comes from: it needs to be a secret of its own.',
            'A ticket goes into the address, and addresses are written down: in logs, in histories, in what is pasted into a chat. The session is good for an hour, wherever it is read.',
          ],
          'for-nobody': [
            'Nobody had logged in, and you gave out a ticket.',
            'Look at what is asked before a ticket is made.',
            'A ticket is worth as much as the session behind it. Without one there is nothing that it could stand for.',
          ],
          'not-admitted': [
            'A program came with a good ticket, without a cookie and without an origin, and was refused.',
            'Look at the order of your conditions, and at what each makes of a request that has no such field.',
            'Only browsers name an origin. A program that is none has nobody’s cookies to misuse, so there is nothing to protect it from.',
          ],
          whose: WHOSE,
        },
        async run(trial) {
          const refused = await trial.get('/ticket', { method: 'POST' })
          const sawRefused = 'Somebody who has not logged in asked for a ticket. You answered:'
          expectStatus(refused, 401, {
            saw: sawRefused,
            hint: refused.status === 201 ? 'for-nobody' : 'another-status',
          })
          const ticket = await ticketFor(trial, await login(trial, 'Ada'))
          const saw = 'Ada asked for a ticket, and a program of hers came with it. You answered:'
          expectUser(await knock(trial, `/chat?ticket=${ticket}`, {}), 'Ada', { saw, hint: 'not-admitted' })
        },
      },
      {
        name: 'read-in-the-log',
        title: 'Refuses whatever can be read in the access log',
        hints: {
          ...BADLY_REFUSED,
          again: [
            'A ticket was used, and then used again by somebody else.',
            'Look at what is left of a ticket when it has let somebody in.',
            'Whatever stands in an address stands in the access log, of your server and of every proxy before it. A ticket that was used up is the one thing that may be read there.',
          ],
          'a-session': [
            'The secret of a session came in the address, and you took it for a ticket.',
            'Look at which of your two lists you look a ticket up in.',
            'If a session is taken from the address, somebody will put it there: it works. Then it stands in every log for an hour, and lets in whoever reads it.',
          ],
          'for-ever': [
            'A ticket that nobody had used still let somebody in after more than half a minute.',
            'Look at how long a ticket is good: who takes away those that are never used?',
            'Between getting a ticket and using it lies one round trip. Whatever is good for longer than it is needed is good for somebody else.',
          ],
        },
        async run(trial) {
          await trial.freeze()
          const cookie = await login(trial, 'Ada')
          const ticket = await ticketFor(trial, cookie)
          const target = `/chat?ticket=${ticket}`
          await knock(trial, target, {})
          const saw =
            'Ada’s program has used her ticket. Somebody reads the access log and comes with the same. You answered:'
          expectRefused(await knock(trial, target, {}), 401, { saw, hint: 'again' })
          const session = cookie.slice('session='.length)
          for (const name of ['ticket', 'session', 'token']) {
            const sawSession = 'Somebody puts the secret of Ada’s session into the address. You answered:'
            const knocked = await knock(trial, `/chat?${name}=${session}`, {})
            expectRefused(knocked, 401, { saw: sawSession, hint: 'a-session' })
          }
          const unused = await ticketFor(trial, cookie)
          await trial.tick(TICKET_MS + 1000)
          const sawLate =
            'Ada asked for a ticket and did not use it. After 31 s somebody else comes with it. You answered:'
          expectRefused(await knock(trial, `/chat?ticket=${unused}`, {}), 401, { saw: sawLate, hint: 'for-ever' })
        },
      },
    ],
  },
]
