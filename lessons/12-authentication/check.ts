import { expectStatus, shown } from '../kit/expect.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/finding.ts'
import { NO_ANSWER } from '../kit/hints.ts'
import { NO_WORD, words } from './hints.ts'
import {
  expectOpen,
  expectRefused,
  expectUser,
  hostOf,
  isAnswered,
  isEnded,
  knock,
  ownPageOf,
  reset,
  sendBrokenFrame,
  upgradeOf,
} from './knock.ts'
import {
  SAMPLES,
  askForTicket,
  cookieIn,
  expectUnguessable,
  login,
  secretIn,
  ticketFor,
  withTicket,
} from './secrets.ts'

const SESSION_MS = 60 * 60 * 1000
const TICKET_MS = 30_000

export const exercises: readonly Exercise[] = [
  {
    name: 'server',
    hosted: { kind: 'server' },
    companion: 'stranger',
    checks: checksFrom(words.server, {
      async somebody(trial) {
        const page = await trial.get('/')
        expectStatus(page, 200, { saw: 'A browser asked for the page. Your server responded:', hint: 'no-page' })
        const [ada, bob] = [await login(trial, 'Ada'), await login(trial, 'Bob')]
        const zoe = await login(trial, 'Zoë & Co')
        const origin = ownPageOf(trial)
        const host = `127.0.0.1:${trial.port}`
        for (const [who, target, user, hint] of [
          [{ origin, cookie: ada }, '/chat', 'Ada', 'refused'],
          [{ origin, cookie: zoe }, '/chat', 'Zoë & Co', 'refused'],
          [{ origin: `http://${host}`, host, cookie: ada }, '/chat', 'Ada', 'refused'],
          [{ origin, cookie: `theme=dark; ${bob}` }, '/chat', 'Bob', 'other-cookies'],
          [{ origin, cookie: `${bob}; theme=dark` }, '/chat', 'Bob', 'other-cookies'],
          [{ origin, cookie: `my${bob}; ${ada}` }, '/chat', 'Ada', 'other-cookies'],
          [{ origin, cookie: ada }, '/chat?user=Bob', 'Ada', 'refused'],
        ] as const) {
          const saw = `${user} had logged in, and your own page asked for a WebSocket. Your server responded:`
          const knocked = await knock(trial, target, who)
          expectUser(knocked, user, { saw, hint })
          knocked.socket.close()
          await trial.until('it is closed', () => knocked.closed !== null)
        }
        const saw = 'Ada closed her WebSocket and asked for another one. Your server responded:'
        expectUser(await knock(trial, '/chat', { origin, cookie: ada }), 'Ada', { saw, hint: 'refused' })
      },
      async nobody(trial) {
        const origin = ownPageOf(trial)
        await login(trial, 'Ada')
        const saw = 'A client that had not logged in asked for a WebSocket. Your server responded:'
        for (const target of ['/chat', '/chat?user=Ada', '/chat?token=Ada'])
          expectRefused(await knock(trial, target, { origin }), 401, { saw, hint: 'let-in' })
        const sawForged = 'A client invented a cookie and asked for a WebSocket. Your server responded:'
        for (const forged of ['00112233445566778899aabbccddeeff', '', 'undefined', '__proto__', 'constructor']) {
          const cookie = `session=${forged}`
          expectRefused(await knock(trial, '/chat', { origin, cookie }), 401, { saw: sawForged, hint: 'any-cookie' })
        }
        const sawOther =
          'A client that had not logged in asked for a WebSocket at another address. Your server responded:'
        for (const target of ['/', '/chat/', '/chat2']) {
          const { bytes, at, status } = await knock(trial, target, { origin })
          if (status === 101) throw new Wrong({ saw: sawOther, bytes, at, wanted: '401', hint: 'another-address' })
        }
        const request = upgradeOf('/chat', { Host: hostOf(trial), Origin: origin })
        if (await isEnded(trial, request)) return
        const sawOpen =
          'A client that had not logged in asked for a WebSocket. Your server refused it, but the connection stayed open:'
        throw new Wrong({ saw: sawOpen, bytes: request.trim(), hint: 'left-open' })
      },
      async 'another-site'(trial) {
        const cookie = await login(trial, 'Ada')
        for (const [origin, hint] of [
          [`http://localhost:${trial.port + 100}`, 'hijacked'],
          ['http://localhost', 'hijacked'],
          [`${ownPageOf(trial)}.example`, 'looks-alike'],
          [`http://not-${hostOf(trial)}`, 'looks-alike'],
          ['null', 'null-origin'],
        ] as const) {
          const saw =
            'Ada had logged in. In her browser, a page of another site asked for a WebSocket. Your server responded:'
          expectRefused(await knock(trial, '/chat', { origin, cookie }), 403, { saw, hint })
        }
        const host = `127.0.0.1:${trial.port}`
        const sawDots =
          'Ada had logged in at an address with dots. A page whose address resembles it asked for a WebSocket. Your server responded:'
        const origin = `http://127-0-0-1:${trial.port}`
        expectRefused(await knock(trial, '/chat', { origin, host, cookie }), 403, { saw: sawDots, hint: 'looks-alike' })
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
        const origin = ownPageOf(trial)
        const ada = await login(trial, 'Ada')
        await trial.tick(SESSION_MS / 4)
        const bob = await login(trial, 'Bob')
        const saw = 'Ada logged in, and opened two WebSockets a quarter of an hour later.'
        const opened = async (cookie: string, user: string) => {
          const knocked = await knock(trial, '/chat', { origin, cookie })
          expectUser(knocked, user, { saw: `${saw} Your server responded:`, hint: 'outlives' })
          return knocked
        }
        const hers = [await opened(ada, 'Ada'), await opened(ada, 'Ada')]
        const his = await opened(bob, 'Bob')
        await trial.tick((SESSION_MS * 3) / 4 - 1000)
        for (const one of hers)
          await expectOpen(one, trial, { saw: `${saw} Her session was valid for another second:`, hint: 'too-soon' })
        await trial.tick(2000)
        await trial.until('they are closed', () => hers.every(({ closed }) => closed !== null)).catch(() => null)
        const open = hers.find(({ closed }) => closed === null)
        if (open) {
          const { bytes } = open
          // If the hour began when the socket was opened, it is over now.
          await trial.tick(SESSION_MS / 4)
          const isLate = await trial.until('it is closed', () => open.closed !== null).catch(() => false)
          throw new Wrong({
            saw: `${saw} Her session ended, and a second later one was still open:`,
            bytes,
            at: bytes.length,
            wanted: 'a close',
            hint: isLate ? 'from-the-opening' : 'outlives',
          })
        }
        for (const { bytes, closed } of hers)
          if (closed !== null && closed !== 1008 && closed < 4000)
            throw new Wrong({
              saw: `${saw} When her session ended, your server closed one:`,
              bytes,
              at: bytes.lastIndexOf(String(closed)),
              wanted: '1008',
              hint: 'another-code',
            })
        await expectOpen(his, trial, {
          saw: 'Bob had a WebSocket too. Ada’s session ended, and his did not:',
          hint: 'others-too',
        })
        const timers = await trial.timers()
        for (let left = 3; left > 0; left--) {
          const { socket } = await opened(bob, 'Bob')
          socket.close()
        }
        // Timers that have to fire at once may do so.
        await trial.tick(250)
        const isClean = await trial
          .until('all is ended', async () => (await trial.timers()) <= timers)
          .catch(() => false)
        if (isClean) return
        const sawTimers = `Three clients connected and left again. Your program had ${timers} timers before, and has ${await trial.timers()} now.`
        throw new Wrong({ saw: sawTimers, hint: 'timer-stays' })
      },
      async 'a-ticket'(trial) {
        const sawRefused = 'A client that had not logged in asked for a ticket. Your server responded:'
        for (const headers of [{}, { Cookie: 'session=00112233445566778899aabbccddeeff' }]) {
          const refused = await askForTicket(trial, headers)
          const hint = refused.status === 201 ? 'for-nobody' : 'another-status'
          expectStatus(refused, 401, { saw: sawRefused, hint })
        }
        await trial.freeze()
        const [ada, bob] = [await login(trial, 'Ada'), await login(trial, 'Bob')]
        const saw = 'Ada asked for a ticket, and her program used it. Your server responded:'
        expectUser(await knock(trial, withTicket(await ticketFor(trial, ada)), {}), 'Ada', {
          saw,
          hint: 'not-admitted',
        })
        const [first, his, second] = [
          await ticketFor(trial, ada),
          await ticketFor(trial, bob),
          await ticketFor(trial, ada),
        ]
        if (new Set([first, his, second]).size < 3)
          throw new Wrong({
            saw: 'Ada, Bob and Ada again asked for a ticket in the same millisecond. They got:',
            bytes: [first, his, second].join('\n'),
            wanted: 'three different tickets',
            hint: 'repeated',
          })
        const sawHis = 'Ada and Bob asked for tickets, and Bob used his. Your server responded:'
        const origin = ownPageOf(trial)
        expectUser(await knock(trial, withTicket(his), { origin }), 'Bob', { saw: sawHis, hint: 'only-one' })
        await trial.tick(TICKET_MS - 1000)
        const sawTwo = 'Ada asked for two tickets, one for each tab. She used them 29 s later. Your server responded:'
        for (const ticket of [first, second])
          expectUser(await knock(trial, withTicket(ticket), {}), 'Ada', { saw: sawTwo, hint: 'only-one' })
        const sawForged = 'A client invented a ticket and asked for a WebSocket. Your server responded:'
        for (const forged of ['', 'undefined', '__proto__', 'constructor', '00112233445566778899aabbccddeeff'])
          expectRefused(await knock(trial, withTicket(forged), {}), 401, { saw: sawForged, hint: 'any-ticket' })
        const stranger = { origin: `http://localhost:${trial.port + 100}` }
        const sawStranger = 'A page of another site used a ticket of Ada. Your server responded:'
        const knocked = await knock(trial, withTicket(await ticketFor(trial, ada)), stranger)
        expectRefused(knocked, 403, { saw: sawStranger, hint: 'a-stranger' })
      },
      async 'a-ticket-of-a-session'(trial) {
        await trial.freeze()
        const cookie = await login(trial, 'Ada')
        const knocked = await knock(trial, withTicket(await ticketFor(trial, cookie)), {})
        const saw = 'Ada opened a WebSocket with a ticket.'
        expectUser(knocked, 'Ada', { saw: `${saw} Your server responded:`, hint: 'closed-early' })
        await trial.tick(SESSION_MS - 10_000)
        const unused = await ticketFor(trial, cookie)
        await expectOpen(knocked, trial, {
          saw: `${saw} Her session was valid for another ten seconds:`,
          hint: 'closed-early',
        })
        await trial.tick(11_000)
        await trial.until('it is closed', () => knocked.closed !== null).catch(() => null)
        const { bytes, closed } = knocked
        if (closed === null) {
          const sawOpen = `${saw} Her session ended, and a second later it was still open:`
          throw new Wrong({ saw: sawOpen, bytes, at: bytes.length, wanted: 'a close', hint: 'lives-on' })
        }
        const sawUnused =
          'Ada asked for a ticket, her session ended, and then the ticket was used. Your server responded:'
        expectRefused(await knock(trial, withTicket(unused), {}), 401, { saw: sawUnused, hint: 'outlives-it' })
        const refused = await askForTicket(trial, { Cookie: cookie })
        const sawRefused =
          'Ada’s session had ended, and her browser asked for a ticket with the old cookie. Your server responded:'
        expectStatus(refused, 401, {
          saw: sawRefused,
          hint: refused.status === 201 ? 'for-an-old-cookie' : 'another-status',
        })
      },
      async 'read-in-the-log'(trial) {
        await trial.freeze()
        const cookie = await login(trial, 'Ada')
        const target = withTicket(await ticketFor(trial, cookie))
        await knock(trial, target, {})
        const saw =
          'Ada’s program has used her ticket. Somebody read the ticket in the access log and used it again. Your server responded:'
        expectRefused(await knock(trial, target, {}), 401, { saw, hint: 'again' })
        const sawBoth = 'Two programs used the same ticket at the same time. Your server responded to both:'
        const both = withTicket(await ticketFor(trial, cookie))
        const [one, other] = await Promise.all([knock(trial, both, {}), knock(trial, both, {})])
        if (one.status === 101) expectRefused(other, 401, { saw: sawBoth, hint: 'again' })
        const session = secretIn(cookie)
        for (const name of ['ticket', 'session', 'token']) {
          const sawSession = 'Somebody put the secret of Ada’s session into the address. Your server responded:'
          const knocked = await knock(trial, `/chat?${name}=${encodeURIComponent(session)}`, {})
          expectRefused(knocked, 401, { saw: sawSession, hint: 'a-session' })
        }
        const timers = await trial.timers()
        const unused = await ticketFor(trial, cookie)
        await trial.tick(TICKET_MS + 1000)
        if ((await trial.timers()) > timers)
          throw new Wrong({
            saw: `Ada asked for a ticket. Your program had ${timers} timers before, and has ${await trial.timers()} after 31 s.`,
            hint: 'timer-stays',
          })
        const sawLate =
          'Ada asked for a ticket and did not use it. After 31 s somebody else used it. Your server responded:'
        expectRefused(await knock(trial, withTicket(unused), {}), 401, { saw: sawLate, hint: 'for-ever' })
      },
      async 'nobody-can-guess'(trial) {
        await trial.freeze()
        const cookie = await login(trial, 'Ada')
        const each = Array.from({ length: SAMPLES }, (_, i) => i)
        const drawTickets = () => Promise.all(each.map(() => ticketFor(trial, cookie)))
        // Each user logs in twice. Whether the first of the two sessions ends then is left to the program.
        const drawLogins = async () => {
          const firsts = await Promise.all(each.map((i) => login(trial, `user${i}`)))
          return [...firsts, ...(await Promise.all(each.map((i) => login(trial, `user${i}`))))]
        }
        const guesses = { repeated: 'repeated', guessable: 'guessable' }
        const tickets = await drawTickets()
        const saw = `Ada asked for ${SAMPLES} tickets in the same millisecond. These are the first:`
        expectUnguessable(tickets, saw, guesses)
        const cookies = await drawLogins()
        const sawLogins = `${SAMPLES} users logged in twice in the same millisecond. These are the first sessions:`
        expectUnguessable(cookies.map(secretIn), sawLogins, guesses)
        // Some secrets have characters that others do not have.
        for (const one of cookies.slice(SAMPLES))
          await ticketFor(trial, one, `A user with the cookie ${one} asked for a ticket. Your server responded:`)
        const sawOne = `Ada asked for ${SAMPLES} tickets and used each. Your server responded to one:`
        for (const knocked of await Promise.all(tickets.map((one) => knock(trial, withTicket(one), {}))))
          expectUser(knocked, 'Ada', { saw: sawOne, hint: 'not-found' })
        await trial.fixRandom()
        const byChance = { repeated: 'math-random', guessable: 'math-random' }
        const fixed = 'The check made Math.random return always the same number.'
        expectUnguessable(await drawTickets(), `${fixed} These are tickets of your program:`, byChance)
        expectUnguessable((await drawLogins()).map(secretIn), `${fixed} These are sessions of your program:`, byChance)
      },
      async 'nobody-can-read'(trial) {
        const answer = await trial.get('/login?user=Ada', { method: 'POST' })
        const cookie = cookieIn(answer)
        const bytes = shown(answer, ['set-cookie'])
        if (!/;\s*HttpOnly\s*(?:;|$)/i.test(answer.headers['set-cookie'] ?? ''))
          throw new Wrong({
            saw: 'Ada logged in. Your server responded:',
            bytes,
            at: bytes.length,
            wanted: '; HttpOnly',
            hint: 'scripts',
          })
        const secret = secretIn(cookie)
        const { bytes: said } = await knock(trial, '/chat', { origin: ownPageOf(trial), cookie })
        const welcome = said.slice(said.indexOf('\n\n'))
        const at = welcome.indexOf(secret)
        if (at >= 0)
          throw new Wrong({
            saw: 'Ada opened a WebSocket. Your server responded:',
            bytes: welcome,
            at,
            wanted: 'no secret',
            hint: 'scripts',
          })
        const stranger = `http://localhost:${trial.port + 100}`
        const readable = await askForTicket(trial, { Cookie: cookie, Origin: stranger })
        const allowed = readable.headers['access-control-allow-origin']
        if (allowed === stranger || allowed === '*') {
          const bytes = shown(readable, ['access-control-allow-origin'])
          const saw = 'In Ada’s browser, a page of another site asked for a ticket. Your server responded:'
          throw new Wrong({ saw, bytes, at: bytes.indexOf(allowed), wanted: 'no such header', hint: 'other-origins' })
        }
        const ticket = await ticketFor(trial, cookie)
        const output = await trial.output()
        for (const [one, what] of [
          [secret, 'the secret of her session'],
          [ticket, 'a ticket that nobody had used yet'],
        ] as const) {
          const line = output.split('\n').find((text) => text.includes(one))
          if (line === undefined) continue
          const saw = `Ada logged in and asked for a ticket. The output of your program contains ${what}:`
          throw new Wrong({ saw, bytes: line, at: line.indexOf(one), wanted: 'no secret', hint: 'printed' })
        }
      },
      async 'broken-requests'(trial) {
        const Host = hostOf(trial)
        const cookie = await login(trial, 'Ada')
        const Origin = ownPageOf(trial)
        for (const request of [
          ...['session', 'session=%', 'session=%E0%A4%A', '%', ';=;', 'session=a; session=b'].map((Cookie) =>
            upgradeOf('/chat', { Host, Origin, Cookie }),
          ),
          ...['x', 'http://', '%', 'http://[', 'file://'].map((Origin) =>
            upgradeOf('/chat', { Host, Origin, Cookie: cookie }),
          ),
          ...['//', '/chat?ticket=%', '/chat?%', '/%', '/chat?ticket=a&ticket=b'].map((target) =>
            upgradeOf(target, { Host }),
          ),
          ...['//', '/%', '/?%', '/ticket?%'].map(
            (target) =>
              `POST ${target} HTTP/1.1\r\nHost: ${Host}\r\nCookie: %\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
          ),
        ]) {
          if (await isAnswered(trial, request)) continue
          const isUpgrade = request.startsWith('GET')
          throw new Late({
            saw: 'A client sent a request with mistakes, and your server neither responded nor ended the connection:',
            bytes: request.trim(),
            at: request.trim().length,
            wanted: 'a response',
            hint: isUpgrade ? NO_WORD : NO_ANSWER,
          })
        }
        await reset(trial, upgradeOf('/chat', { Host }))
        await reset(trial, upgradeOf('/chat', { Host, Origin, Cookie: cookie }))
        const saw = 'Clients sent requests with mistakes. Then Ada asked for a WebSocket. Your server responded:'
        const knocked = await knock(trial, '/chat', { origin: Origin, cookie })
        expectUser(knocked, 'Ada', { saw, hint: 'refused' })
        await sendBrokenFrame(trial, upgradeOf('/chat', { Host, Origin, Cookie: cookie }))
        await expectOpen(knocked, trial, {
          saw: 'A client sent a frame with mistakes, and Ada lost her connection:',
          hint: 'refused',
        })
      },
    }),
  },
]
