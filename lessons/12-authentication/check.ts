import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import { expectStatus, shown } from '../kit/expect.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/finding.ts'
import { fieldOf, parsed } from '../kit/json.ts'
import type { Trial } from '../kit/trial.ts'
import { NO_WORD, NO_SESSION, words } from './hints.ts'

const SESSION_MS = 60 * 60 * 1000
const TICKET_MS = 30_000

/** Headers that a browser adds by itself; `Origin` names the page that made the request. */
interface Who {
  readonly cookie?: string
  readonly origin?: string
}

/** Result of one attempt to open a WebSocket. */
interface Knock {
  readonly bytes: string
  /** Position in `bytes` of the status, or of the place where it should be. */
  readonly at: number
  /** 0 if the connection was closed without a response. */
  readonly status: number
  readonly socket: WebSocket
  /** Messages from the server; parsed if they are JSON. */
  readonly received: readonly unknown[]
  /** Close code; null while the socket is open, or if it never opened. */
  readonly closed: number | null
}

/** Resolves when there is a response; after a 101, when a message came or the connection closed. */
async function knock(trial: Trial, target: string, who: Who): Promise<Knock> {
  const headers = {
    Host: hostOf(trial),
    ...(who.origin !== undefined && { Origin: who.origin }),
    ...(who.cookie !== undefined && { Cookie: who.cookie }),
  }
  const socket = trial.websocket(target, { headers })
  const received: unknown[] = []
  const answers: IncomingMessage[] = []
  let over = false
  let closed: number | null = null
  socket.on('unexpected-response', (_request, response: IncomingMessage) => answers.push(response))
  socket.on('upgrade', (response: IncomingMessage) => answers.push(response))
  socket.on('message', (data) => received.push(parsed(String(data)) ?? String(data)))
  socket.on('error', () => (over = true))
  socket.on('close', (code: number) => {
    over = true
    closed = code
  })
  const request = [`GET ${target} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]
  const head = `${request.join('\n')}\nUpgrade: websocket\n\n`
  const isOver = await trial.until('there is an answer', () => answers.length > 0 || over).catch(() => false)
  if (!isOver) {
    const saw = 'A client asked for a WebSocket, and was neither admitted nor refused:'
    throw new Late({ saw, bytes: head, at: head.length, wanted: 'HTTP/1.1 101 or 401 or 403', hint: NO_WORD })
  }
  const [answer] = answers
  const status = answer?.statusCode ?? 0
  // After admitting a client, a server sends a message or closes.
  if (status === 101) await trial.until('it has spoken', () => received.length > 0 || over).catch(() => null)
  const statusLine = answer ? `HTTP/1.1 ${status} ${answer.statusMessage}` : ''
  return {
    get bytes() {
      const after = closed === null || status !== 101 ? [] : [`(closed with ${closed})`]
      return [head + statusLine, ...received.map((one) => JSON.stringify(one)), ...after].join('\n').trimEnd()
    },
    at: head.length + (status > 0 ? 'HTTP/1.1 '.length : 0),
    status,
    socket,
    received,
    get closed() {
      return closed
    },
  }
}

const hostOf = ({ port }: Trial): string => `localhost:${port}`
const ownPageOf = (trial: Trial): string => `http://${hostOf(trial)}`

interface Observed {
  readonly saw: string
  readonly hint: string
}

/** `hint` is for a client that was admitted; wrong kinds of refusal have hints of their own. */
function expectRefused(knocked: Knock, wanted: number, { saw, hint }: Observed): void {
  const { bytes, at, status, received, closed } = knocked
  if (status === wanted) return
  const finding = { saw, bytes, at, wanted: String(wanted) }
  if (status === 0) throw new Wrong({ ...finding, wanted: `HTTP/1.1 ${wanted}`, hint: 'hung-up' })
  if (status !== 101) throw new Wrong({ ...finding, hint: 'another-status' })
  const isSentAway = closed !== null && closed !== 1000 && !received.some((one) => userIn(one) !== undefined)
  throw new Wrong({ ...finding, hint: isSentAway ? 'after-the-upgrade' : hint })
}

/** `hint` is for a client that was refused. */
function expectUser(knocked: Knock, user: string, { saw, hint }: Observed): void {
  const { bytes, at, status, received } = knocked
  if (status !== 101) throw new Wrong({ saw, bytes, at, wanted: status === 0 ? 'HTTP/1.1 101' : '101', hint })
  const found = received.map(userIn).find((one) => one !== undefined)
  if (found === user) return
  const place = bytes.indexOf('"user":')
  const placeOfUser = place < 0 ? bytes.length : place + '"user":'.length
  throw new Wrong({ saw, bytes, at: placeOfUser, wanted: `"user":"${user}"`.slice(place < 0 ? 0 : 7), hint: 'whose' })
}

const userIn = (message: unknown): unknown => fieldOf(message, 'user')

/** Logs in, and returns the cookie as a browser would send it back. */
async function login(trial: Trial, user: string): Promise<string> {
  const answer = await trial.get(`/login?user=${user}`, { method: 'POST' })
  const cookie = /^session=[^;]+/.exec(answer.headers['set-cookie'] ?? '')?.[0]
  if (cookie !== undefined) return cookie
  const bytes = shown(answer, ['set-cookie'])
  throw new Wrong({
    saw: 'The response to a login contained no session:',
    bytes,
    at: bytes.length,
    hint: NO_SESSION,
  })
}

async function ticketFor(trial: Trial, cookie: string): Promise<string> {
  const saw = 'A user who has logged in asked for a ticket. Your server responded:'
  const answer = await trial.get('/ticket', { method: 'POST', headers: { Host: hostOf(trial), Cookie: cookie } })
  expectStatus(answer, 201, { saw, hint: 'no-ticket' })
  const ticket = fieldOf(answer.json, 'ticket')
  const bytes = shown(answer)
  if (typeof ticket !== 'string' || ticket.length < 8)
    throw new Wrong({ saw, bytes, at: bytes.lastIndexOf(answer.body), wanted: '{"ticket":"…"}', hint: 'no-ticket' })
  if (cookie.includes(ticket))
    throw new Wrong({
      saw,
      bytes,
      at: bytes.indexOf(ticket),
      wanted: 'a new secret',
      hint: 'the-session-itself',
    })
  return ticket
}

export const exercises: readonly Exercise[] = [
  {
    name: 'server',
    hosted: { kind: 'server' },
    companion: 'stranger',
    checks: checksFrom(words.server, {
      async somebody(trial) {
        const [ada, bob] = [await login(trial, 'Ada'), await login(trial, 'Bob')]
        for (const [cookie, user] of [
          [ada, 'Ada'],
          [`theme=dark; ${bob}`, 'Bob'],
        ] as const) {
          const saw = `${user} had logged in, and your own page asked for a WebSocket. Your server responded:`
          expectUser(await knock(trial, '/chat', { origin: ownPageOf(trial), cookie }), user, {
            saw,
            hint: 'refused',
          })
        }
      },
      async nobody(trial) {
        const origin = ownPageOf(trial)
        const saw = 'A client that had not logged in asked for a WebSocket. Your server responded:'
        expectRefused(await knock(trial, '/chat', { origin }), 401, { saw, hint: 'let-in' })
        const forged = 'session=00112233445566778899aabbccddeeff'
        const sawForged = 'A client invented a cookie and asked for a WebSocket. Your server responded:'
        expectRefused(await knock(trial, '/chat', { origin, cookie: forged }), 401, {
          saw: sawForged,
          hint: 'any-cookie',
        })
      },
      async 'another-site'(trial) {
        const cookie = await login(trial, 'Ada')
        for (const [origin, hint] of [
          [`http://localhost:${trial.port + 100}`, 'hijacked'],
          [`${ownPageOf(trial)}.example`, 'looks-alike'],
          [`http://not-${hostOf(trial)}`, 'looks-alike'],
          ['null', 'null-origin'],
        ] as const) {
          const saw =
            'Ada had logged in. In her browser, a page of another site asked for a WebSocket. Your server responded:'
          expectRefused(await knock(trial, '/chat', { origin, cookie }), 403, { saw, hint })
        }
      },
      async 'a-session-that-is-over'(trial) {
        await trial.freeze()
        const cookie = await login(trial, 'Ada')
        const who = { origin: ownPageOf(trial), cookie }
        await trial.tick(SESSION_MS - 1000)
        const sawGood =
          'Ada logged in one second less than an hour ago, and asked for a WebSocket. Your server responded:'
        expectUser(await knock(trial, '/chat', who), 'Ada', { saw: sawGood, hint: 'too-early' })
        await trial.tick(2000)
        const saw =
          'Ada logged in an hour and a second ago, and her browser still sends the cookie. Your server responded:'
        expectRefused(await knock(trial, '/chat', who), 401, { saw, hint: 'still-good' })
      },
      async 'a-socket-that-outlives-it'(trial) {
        await trial.freeze()
        const cookie = await login(trial, 'Ada')
        const knocked = await knock(trial, '/chat', { origin: ownPageOf(trial), cookie })
        const saw = 'Ada logged in and opened a WebSocket.'
        expectUser(knocked, 'Ada', { saw: `${saw} Your server responded:`, hint: 'outlives' })
        await trial.tick(SESSION_MS + 1000)
        await trial.until('it is closed', () => knocked.closed !== null).catch(() => null)
        const { bytes, closed } = knocked
        if (closed === null)
          throw new Wrong({
            saw: `${saw} An hour later it was still open:`,
            bytes,
            at: bytes.length,
            wanted: 'a close',
            hint: 'outlives',
          })
        if (closed === 1008 || closed >= 4000) return
        const at = bytes.lastIndexOf(String(closed))
        throw new Wrong({
          saw: `${saw} An hour later your server closed it:`,
          bytes,
          at,
          wanted: '1008',
          hint: 'another-code',
        })
      },
      async 'a-ticket'(trial) {
        const refused = await trial.get('/ticket', { method: 'POST' })
        const sawRefused = 'A client that had not logged in asked for a ticket. Your server responded:'
        expectStatus(refused, 401, {
          saw: sawRefused,
          hint: refused.status === 201 ? 'for-nobody' : 'another-status',
        })
        const ticket = await ticketFor(trial, await login(trial, 'Ada'))
        const saw = 'Ada asked for a ticket, and her program used it. Your server responded:'
        expectUser(await knock(trial, `/chat?ticket=${ticket}`, {}), 'Ada', { saw, hint: 'not-admitted' })
      },
      async 'read-in-the-log'(trial) {
        await trial.freeze()
        const cookie = await login(trial, 'Ada')
        const ticket = await ticketFor(trial, cookie)
        const target = `/chat?ticket=${ticket}`
        await knock(trial, target, {})
        const saw =
          'Ada’s program has used her ticket. Somebody read the ticket in the access log and used it again. Your server responded:'
        expectRefused(await knock(trial, target, {}), 401, { saw, hint: 'again' })
        const session = cookie.slice('session='.length)
        for (const name of ['ticket', 'session', 'token']) {
          const sawSession = 'Somebody put the secret of Ada’s session into the address. Your server responded:'
          const knocked = await knock(trial, `/chat?${name}=${session}`, {})
          expectRefused(knocked, 401, { saw: sawSession, hint: 'a-session' })
        }
        const unused = await ticketFor(trial, cookie)
        await trial.tick(TICKET_MS + 1000)
        const sawLate =
          'Ada asked for a ticket and did not use it. After 31 s somebody else used it. Your server responded:'
        expectRefused(await knock(trial, `/chat?ticket=${unused}`, {}), 401, { saw: sawLate, hint: 'for-ever' })
      },
    }),
  },
]
