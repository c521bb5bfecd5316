import type { WebSocket } from 'ws'
import type { Event } from '../../server/protocol/feed.ts'
import { pongOf, startFakeServer } from '../kit/fake-server.ts'
import type { FakeServer } from '../kit/fake-server.ts'
import { converse, sendNoise } from '../kit/conversation.ts'
import { fieldOf, parsed } from '../kit/json.ts'
import { settled } from '../kit/stream.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Wrong } from '../kit/finding.ts'
import type { Hint } from '../kit/finding.ts'
import type { Clients, OpenedSocket } from '../kit/hosted/message.ts'
import type { Trial } from '../kit/trial.ts'
import { GAVE_UP, NO_WELCOME, STAYS_AWAY, words } from './hints.ts'

/** Times that the student's file gives. */
const FIRST_MS = 1000
const LONGEST_MS = 30_000
const HEARTBEAT_MS = 15_000

const STEP_MS = 1000

/** A longer step, for checks that only read pauses: these are recorded exactly, whatever the step is. */
const LEAP_MS = 5000

/** Longer than the longest pause, and longer than a client needs to notice a dead connection. */
const LONG_MS = 65_000

/** Longer than a client needs to notice a dead connection and to reconnect: 20 s, 10 s, and a pause. */
const NOTICE_MS = 50_000

/** The page says that a client waits for the response to a handshake for 10 s or more. */
const PATIENT_MS = 9000

/** Number of returns after which a pause that doubles has reached its limit. */
const RETURNS = 10

/** An epoch of another length than the usual one, so that nothing useful comes from cutting it off at a fixed place. */
const EPOCH = '90123'

/** Number of clients; enough that random pauses are never all alike by chance. */
const HERD = 20

/** Number of pings in 90 s that a client in a quiet room may send: one every 5 s. */
const MOST_PINGS = 18

/** A pause up to this length counts as no pause. */
const NOTHING_MS = 50

/** State of this check's clients. A client that did not stop after an earlier check is left out. */
async function clientsOf(trial: Trial): Promise<Clients> {
  const all = await trial.clients()
  const isOwn = ({ room }: OpenedSocket) => room === trial.room || room.startsWith(`${trial.room}-`)
  return { ...all, sockets: all.sockets.filter(isOwn) }
}

const herdOf = ({ room }: Trial, count = HERD): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${room}-${i}`)

/** Resolves when no handshake is under way and the fake server has received everything. */
async function settle(trial: Trial, far: FakeServer): Promise<Clients> {
  const clients = await trial.until('no handshake is under way', async () => {
    const now = await clientsOf(trial)
    const isOver = now.sockets.every(({ readyState }) => readyState !== 0)
    return isOver || far.meets === 'no answer' ? now : null
  })
  return (await far.settle()) ? clientsOf(trial) : clients
}

/** Moves the client's time, step by step, until `isEnough` or for `ms`. */
async function pass(
  trial: Trial,
  far: FakeServer,
  ms: number,
  isEnough: (clients: Clients) => boolean,
  stepMs = STEP_MS,
): Promise<void> {
  let clients = await settle(trial, far)
  for (let passedMs = 0; passedMs < ms && !isEnough(clients); passedMs += stepMs) {
    await trial.tick(stepMs)
    clients = await settle(trial, far)
  }
}

/** Starts a client in the check's room, and waits until it has the welcome. */
async function arrive(trial: Trial, far: FakeServer, after?: string): Promise<void> {
  await trial.connect(far.origin, [trial.room], after)
  await trial.until('the client is there', () => far.visits.length > 0)
  await settle(trial, far)
}

/** Resolves when the client knows that its nth connection is over. */
async function heardOfTheEnd(trial: Trial, count: number): Promise<void> {
  await trial.until('the client knows that its connection is over', async () => {
    const { sockets } = await clientsOf(trial)
    return sockets.length > count || sockets[count - 1]?.closedAtMs !== null
  })
}

/** Text with one line for each connection that the client has made. */
const visitsText = ({ visits }: FakeServer): string => visits.map(({ asked }) => asked).join('\n')

interface Observed {
  readonly saw: string
  readonly hint: string | Hint
}

function wrong(far: FakeServer, wanted: string, { saw, hint }: Observed): never {
  const bytes = visitsText(far)
  throw new Wrong({ saw, bytes, at: bytes.length, wanted, hint })
}

/** Throws `Wrong` unless the page received these events, once each and in this order. */
async function expectDelivered(
  trial: Trial,
  far: FakeServer,
  wanted: readonly Event[],
  saw: string,
  hints: Hints,
  room = trial.room,
): Promise<void> {
  const ids = wanted.map(({ id }) => id)
  const find = async () => ((await clientsOf(trial)).delivered[room] ?? []).map(({ id }) => id)
  await trial.until('everything is delivered', async () => (await find()).length >= ids.length).catch(() => null)
  await settle(trial, far)
  const found = await find()
  const first = Array.from({ length: Math.max(found.length, ids.length) }, (_, i) => i).find((i) => found[i] !== ids[i])
  if (first === undefined) return
  const head = `${visitsText(far)}\n\npage received: `
  const bytes = head + found.join(' ')
  const at = head.length + found.slice(0, first).join(' ').length + (first > 0 && first < found.length ? 1 : 0)
  const isDoubled = new Set(found).size < found.length
  const isOther = found.some((id) => !ids.includes(id))
  throw new Wrong({
    saw,
    bytes,
    at,
    wanted: ids[first] ?? 'nothing more',
    hint: isOther ? (hints.other ?? hints.doubled) : isDoubled ? hints.doubled : hints.lost,
  })
}

interface Hints {
  readonly lost: string
  readonly doubled: string
  /** If the page received something that is not one of the events. */
  readonly other?: string
}

/** Pauses of each client, in ms: from the end of one connection to the opening of the next. */
function waitsOf({ sockets }: Clients, rooms: readonly string[]): readonly (readonly number[])[] {
  return rooms.map((room) => {
    const own = sockets.filter((socket) => socket.room === room)
    return own.slice(1).map(({ openedAtMs }, i) => openedAtMs - (own[i]?.closedAtMs ?? openedAtMs))
  })
}

/** Connects many clients, stops the fake server, and returns the clients' pauses. */
async function outage(trial: Trial, far: FakeServer, rooms: readonly string[], returns: number, stepMs: number) {
  await trial.connect(far.origin, rooms)
  await trial.until('all are there', () => far.visits.length >= rooms.length)
  await settle(trial, far)
  await far.leave()
  await trial.until('all know that their connection is over', async () => {
    const { sockets } = await clientsOf(trial)
    return rooms.every((room) => sockets.find((socket) => socket.room === room)?.closedAtMs !== null)
  })
  await pass(trial, far, 6 * LONG_MS, (clients) => haveReturned(clients, rooms, returns), stepMs)
  return waitsOf(await clientsOf(trial), rooms)
}

const haveReturned = (clients: Clients, rooms: readonly string[], returns: number): boolean =>
  waitsOf(clients, rooms).every(({ length }) => length >= returns)

const column = (waits: readonly (readonly number[])[], index: number): readonly number[] =>
  waits.flatMap((own) => own[index] ?? [])

/** Text with one line for each return: the shortest and the longest pause before it. */
function waitsText(waits: readonly (readonly number[])[]): string {
  const returns = Math.max(0, ...waits.map(({ length }) => length))
  return Array.from({ length: returns }, (_, i) => {
    const all = column(waits, i)
    return `return ${i + 1}: ${Math.min(...all)} to ${Math.max(...all)} ms`
  }).join('\n')
}

/** Position of the first time in the line of a return. */
const placeOfReturn = (text: string, index: number): number =>
  text.indexOf(`return ${index + 1}: `) + `return ${index + 1}: `.length

/** Throws `Wrong` if a client has returned fewer times than this. */
function expectReturns(waits: readonly (readonly number[])[], wanted: number, saw: string): void {
  const fewest = Math.min(...waits.map(({ length }) => length))
  if (fewest >= wanted) return
  const bytes = `${waitsText(waits)}\nfewest returns of a client: `.trimStart()
  throw new Wrong({
    saw: `${saw} A client stopped trying:`,
    bytes: `${bytes}${fewest}`,
    at: bytes.length,
    wanted: `${wanted} or more`,
    hint: GAVE_UP,
  })
}

/** Stops the client, and throws unless it opens no further connection and leaves no timer. */
async function expectStopped(trial: Trial, far: FakeServer, saw: string): Promise<void> {
  await trial.stopClients()
  const count = far.visits.length
  const timers = await trial.timers()
  await pass(trial, far, LONG_MS, () => far.visits.length > count, LEAP_MS)
  if (far.visits.length > count) wrong(far, 'no further connection', { saw: `${saw}:`, hint: 'goes-on' })
  if (timers === 0) return
  const bytes = 'timers that can still fire: '
  const found = { bytes: `${bytes}${timers}`, at: bytes.length, wanted: '0' }
  throw new Wrong({ ...found, saw: `${saw}. Directly after that:`, hint: 'timers' })
}

function nobodyCameBack(far: FakeServer, saw: string): never {
  return wrong(far, 'another connection', { saw: `${saw} The client never reconnected:`, hint: STAYS_AWAY })
}

export const exercises: readonly Exercise[] = [
  {
    name: 'client',
    hosted: { kind: 'client', exported: 'connect' },
    checks: checksFrom(words.client, {
      async brings(trial) {
        await using far = await startFakeServer(EPOCH)
        const kept = far.publish(trial.room, 'one')
        await arrive(trial, far, '0')
        // Past the ninth event, the order of cursors is not the order of their letters.
        const texts = ['two', null, ...'456789'] as const
        const events = [...kept, ...far.publish(trial.room, ...texts)]
        const { room } = trial
        far.visits[0]?.say({ type: 'user_joined', room, userId: 'ada', name: 'Ada' })
        far.visits[0]?.say({ type: 'presence', room, version: 'a.1', people: 1, here: [], typing: [] })
        events.push(...far.publish(trial.room, null, 'ten', 'eleven', 'twelve'))
        const saw = 'Ten messages and two ticks were sent to the client, and two messages that are not events:'
        await expectDelivered(trial, far, events, saw, { lost: 'lost', doubled: 'doubled', other: 'other' })
      },
      async 'comes-back'(trial) {
        await using far = await startFakeServer()
        await arrive(trial, far, '0')
        let cuts = 0
        for (const how of ['FIN', 'RST', 1012, 1013, 1001, 1011, 1000] as const) {
          const count = far.visits.length
          const last = far.visits.at(-1)
          if (typeof how === 'number') last?.close(how)
          else last?.cut(how)
          cuts += 1
          await heardOfTheEnd(trial, cuts)
          await pass(trial, far, LONG_MS, () => far.visits.length > count)
          if (far.visits.length > count) continue
          const saw = `The connection was ${typeof how === 'number' ? `closed with ${how}` : `cut by a ${how}`}.`
          if (typeof how === 'string') nobodyCameBack(far, saw)
          const observed = { saw: `${saw} The client never reconnected:`, hint: 'only-accidents' }
          wrong(far, 'another connection', observed)
        }
        if ((await clientsOf(trial)).ended[trial.room] === undefined) return
        const saw = 'The client lost its connection seven times and reconnected each time. It called `ended`:'
        wrong(far, 'no call of `ended`', { saw, hint: 'says-over' })
      },
      async 'goes-on'(trial) {
        await using far = await startFakeServer(EPOCH)
        await arrive(trial, far, '0')
        const hints = { lost: 'lost', doubled: 'doubled' }
        const events = [...far.publish(trial.room, 'one', 'two')]
        await expectDelivered(trial, far, events, 'Two messages were sent to the client:', hints)
        far.visits[0]?.cut('RST')
        await heardOfTheEnd(trial, 1)
        events.push(...far.publish(trial.room, 'three'))
        const saw = 'Two messages had been delivered, the connection was cut, and a third message was published.'
        await pass(trial, far, LONG_MS, () => far.visits.length > 1)
        if (far.visits.length < 2) nobodyCameBack(far, saw)
        events.push(...far.publish(trial.room, 'four'))
        await expectDelivered(
          trial,
          far,
          events,
          `${saw} The client reconnected, and a fourth message was published:`,
          hints,
        )
      },
      async 'before-the-first'(trial) {
        await using far = await startFakeServer()
        far.publish(trial.room, 'long ago')
        await arrive(trial, far)
        far.visits[0]?.cut('FIN')
        await heardOfTheEnd(trial, 1)
        const events = far.publish(trial.room, 'one')
        const saw =
          'The client started at the end of the room, received its position, and was cut off. Then a message was published.'
        await pass(trial, far, LONG_MS, () => far.visits.length > 1)
        if (far.visits.length < 2) nobodyCameBack(far, saw)
        await expectDelivered(trial, far, events, `${saw} The client reconnected:`, {
          lost: 'lost',
          doubled: 'doubled',
        })
      },
      async 'two-clients'(trial) {
        await using far = await startFakeServer()
        const rooms = [`${trial.room}-1`, `${trial.room}-2`] as const
        await trial.connect(far.origin, rooms, '0')
        await trial.until('both are there', () => far.visits.length > 1)
        await settle(trial, far)
        const first = [...far.publish(rooms[0], 'one', 'two', 'three')]
        const second = [...far.publish(rooms[1], 'one')]
        await settle(trial, far)
        const situation = 'Two clients in two rooms received three messages and one. Then the first one was cut off.'
        far.visits.find(({ room }) => room === rooms[0])?.cut('FIN')
        await heardOfTheEnd(trial, 1)
        first.push(...far.publish(rooms[0], 'four'))
        second.push(...far.publish(rooms[1], 'two'))
        await pass(trial, far, LONG_MS, () => far.visits.length > 2)
        if (far.visits.length < 3) nobodyCameBack(far, situation)
        const hints = { lost: 'shared', doubled: 'shared' }
        const saw = `${situation} Each room got another message.`
        await expectDelivered(trial, far, first, `${saw} The first client:`, hints, rooms[0])
        await expectDelivered(trial, far, second, `${saw} The second client:`, hints, rooms[1])
      },
      async 'a-quiet-room'(trial) {
        await using far = await startFakeServer()
        await arrive(trial, far, '0')
        far.publish(trial.room, ...Array.from({ length: 30 }, (_, i) => `${i}`))
        await pass(trial, far, 90_000, () => far.visits.length > 1)
        const saw = 'Thirty messages arrived at once, and nothing was published for the next 90 s.'
        if (far.visits.length > 1) {
          const all = `${saw} The server responded to every ping. The client gave up the connection and opened another one:`
          wrong(far, 'one connection', { saw: all, hint: 'restless' })
        }
        const pings = far.visits[0]?.pings ?? 0
        if (pings <= MOST_PINGS) return
        const bytes = 'pings: '
        const found = { bytes: `${bytes}${pings}`, at: bytes.length, wanted: `at most ${MOST_PINGS}` }
        throw new Wrong({ ...found, saw: `${saw} The client sent:`, hint: 'too-often' })
      },
      async 'no-handshake'(trial) {
        await using far = await startFakeServer()
        far.meets = 'no answer'
        await trial.connect(far.origin, [trial.room], '0')
        await trial.until('the client is there', () => far.visits.length > 0)
        // Counted in the client, because the fake server may see a connection a moment later.
        const isBack = ({ sockets }: Clients) => sockets.length > 1
        await pass(trial, far, PATIENT_MS, isBack)
        const saw = `The handshake got no response for ${PATIENT_MS / 1000} s:`
        if (isBack(await clientsOf(trial))) wrong(far, 'one connection', { saw, hint: 'impatient' })
        await pass(trial, far, NOTICE_MS, isBack)
        if (isBack(await clientsOf(trial))) return
        wrong(far, 'another connection', {
          saw: 'The handshake got no response. After 50 s the client still waited:',
          hint: 'waits-for-ever',
        })
      },
      async 'not-together'(trial) {
        await using far = await startFakeServer()
        const rooms = herdOf(trial)
        const waits = await outage(trial, far, rooms, 3, STEP_MS)
        if (column(waits, 0).length < HERD) nobodyCameBack(far, 'Twenty clients lost their server.')
        for (const index of [0, 1, 2]) {
          const all = column(waits, index)
          const longest = Math.max(...all)
          const rangeMs = longest - Math.min(...all)
          // A pause that is half random passes; one that is a tenth random does not.
          if (longest > NOTHING_MS && rangeMs >= longest * 0.2) continue
          const bytes = waitsText(waits)
          throw new Wrong({
            saw: 'Twenty clients lost their server at the same moment. These are their shortest and longest pauses:',
            bytes,
            at: placeOfReturn(bytes, index),
            wanted: `spread from 0 to ${FIRST_MS * 2 ** index} ms`,
            hint: longest <= NOTHING_MS ? 'at-once' : rangeMs < longest * 0.01 ? 'lockstep' : 'narrow',
          })
        }
      },
      async 'waits-longer'(trial) {
        await using far = await startFakeServer()
        const waits = await outage(trial, far, herdOf(trial, HERD / 2), RETURNS, LEAP_MS)
        if (column(waits, 0).length < HERD / 2) nobodyCameBack(far, 'Ten clients lost their server.')
        const bytes = waitsText(waits)
        const saw = 'Ten clients lost their server, which stayed away. These are their pauses before each return:'
        const over = waits.flat().reduce((most, ms) => Math.max(most, ms), 0)
        const isOver = (index: number) => column(waits, index).some((ms) => ms > LONGEST_MS + 500)
        if (over > LONGEST_MS + 500) {
          const index = waits[0]?.findIndex((_, at) => isOver(at)) ?? 0
          const wanted = `no more than ${LONGEST_MS} ms`
          throw new Wrong({ saw, bytes, at: placeOfReturn(bytes, index), wanted, hint: 'no-limit' })
        }
        expectReturns(waits, RETURNS, 'Ten clients lost their server, which stayed away.')
        const earliest = Math.max(...column(waits, 0))
        if (earliest > 5 * FIRST_MS) {
          const wanted = `up to ${FIRST_MS} ms`
          throw new Wrong({ saw, bytes, at: placeOfReturn(bytes, 0), wanted, hint: 'starts-high' })
        }
        const latest = Math.max(...waits.flatMap((own) => own.slice(RETURNS / 2, RETURNS)))
        // With a pause that grows by a second each time, the tenth one is at most 10 s.
        if (latest > RETURNS * FIRST_MS + 500) return
        const at = placeOfReturn(bytes, RETURNS - 1)
        const hint = latest > 3 * earliest ? 'slow-growth' : 'no-growth'
        throw new Wrong({ saw, bytes, at, wanted: `up to ${LONGEST_MS} ms`, hint })
      },
      async 'starts-again'(trial) {
        await using far = await startFakeServer()
        const rooms = herdOf(trial, HERD / 2)
        const before = await outage(trial, far, rooms, 7, LEAP_MS)
        expectReturns(before, 7, 'Ten clients lost their server, which stayed away.')
        const count = far.visits.length
        await far.comeBack()
        await pass(trial, far, LONG_MS, () => far.visits.length >= count + rooms.length, LEAP_MS)
        await settle(trial, far)
        const known = waitsOf(await clientsOf(trial), rooms).map(({ length }) => length)
        await far.leave()
        await trial.until('all know that their connection is over', async () => {
          const { sockets } = await clientsOf(trial)
          return sockets.every(({ readyState }) => readyState === 3)
        })
        const next = (clients: Clients) => waitsOf(clients, rooms).map((own, i) => own.slice(known[i]))
        await pass(trial, far, LONG_MS, (clients) => next(clients).every(({ length }) => length > 0), LEAP_MS)
        const first = next(await clientsOf(trial)).map((own) => own.slice(0, 1))
        const situation = 'The server was away for minutes, returned, and everything worked. Then it was away again.'
        expectReturns(first, 1, situation)
        if (Math.max(...column(first, 0)) <= 5 * FIRST_MS) return
        const saw = `${situation} These are the pauses of ten clients:`
        const bytes = waitsText(first)
        const wanted = `up to ${FIRST_MS} ms`
        throw new Wrong({ saw, bytes, at: placeOfReturn(bytes, 0), wanted, hint: 'never-reset' })
      },
      async 'turned-away'(trial) {
        await using far = await startFakeServer()
        far.meets = 'turned away'
        const rooms = herdOf(trial, HERD / 4)
        await trial.connect(far.origin, rooms)
        await trial.until('all were there', () => far.visits.length >= rooms.length)
        await pass(trial, far, 4 * LONG_MS, (clients) => haveReturned(clients, rooms, 7), LEAP_MS)
        const waits = waitsOf(await clientsOf(trial), rooms)
        const situation = 'Each connection of five clients was opened, and closed at once with 1013.'
        expectReturns(waits, 7, situation)
        const late = [4, 5, 6].flatMap((index) => column(waits, index))
        if (Math.max(0, ...late) >= 4 * FIRST_MS) return
        const bytes = waitsText(waits)
        const saw = `${situation} These are their pauses:`
        const at = placeOfReturn(bytes, 4)
        throw new Wrong({ saw, bytes, at, wanted: `up to ${LONGEST_MS} ms`, hint: 'reset-too-early' })
      },
      async 'dead-silence'(trial) {
        await using far = await startFakeServer()
        await arrive(trial, far, '0')
        far.visits[0]?.vanish()
        await pass(trial, far, NOTICE_MS, () => far.visits.length > 1)
        const [socket] = (await clientsOf(trial)).sockets
        if (far.visits.length === 1)
          wrong(far, 'another connection', {
            saw: 'The connection died silently. After 50 s the client still used it:',
            hint: socket?.readyState === 2 ? 'waits-for-close' : 'waits-for-ever',
          })
        await trial.disconnect()
        const rooms = herdOf(trial, 2)
        const count = far.visits.length
        await trial.connect(far.origin, rooms, '0')
        await trial.until('both are there', () => far.visits.length >= count + rooms.length)
        await settle(trial, far)
        for (const visit of far.visits.slice(count)) visit.vanish()
        const areBack = (clients: Clients) => haveReturned(clients, rooms, 1)
        await pass(trial, far, NOTICE_MS, areBack)
        if (areBack(await clientsOf(trial))) return
        wrong(far, 'another connection of each', {
          saw: 'The connections of two clients died silently. After 50 s one of them still used its connection:',
          hint: 'watches-one',
        })
      },
      async 'slow-answers'(trial) {
        await using far = await startFakeServer()
        await arrive(trial, far, '0')
        far.answersPings = false
        await pass(trial, far, LONG_MS, () => far.visits.length > 1 || far.visits[0]?.pings !== 0)
        await pass(trial, far, 5000, () => far.visits.length > 1)
        const saw = 'The client sent a ping.'
        if (far.visits.length > 1)
          wrong(far, 'one connection', { saw: `${saw} The client gave up within 5 s:`, hint: 'impatient' })
        far.answersPings = true
        await pass(trial, far, 15_000, () => far.visits.length > 1)
        if (far.visits.length > 1)
          wrong(far, 'one connection', { saw: `${saw} The pong came after 5 s:`, hint: 'impatient' })
        far.answersPings = false
        for (let i = 0; i < 4 && far.visits.length === 1; i++) {
          far.publish(trial.room, 'news')
          await pass(trial, far, 22_000, () => far.visits.length > 1)
        }
        if (far.visits.length === 1) return
        const sawNews =
          'A message was published every 22 s, and pings got no pong. The client opened another connection:'
        wrong(far, 'one connection', { saw: sawNews, hint: 'only-pongs' })
      },
      async 'one-connection-at-a-time'(trial) {
        await using far = await startFakeServer()
        await arrive(trial, far, '0')
        const events = [...far.publish(trial.room, 'one')]
        const hints = { lost: 'lost', doubled: 'doubled' }
        await expectDelivered(trial, far, events, 'A message was sent to the client:', hints)
        far.visits[0]?.vanish()
        events.push(...far.publish(trial.room, 'two'))
        await pass(trial, far, LONG_MS, () => far.visits.length > 1)
        if (far.visits.length < 2) nobodyCameBack(far, 'A connection died, and a message was published.')
        const saw =
          'A connection died, and a message was published. The client opened a new connection and received the message'
        await expectDelivered(trial, far, events, `${saw}:`, hints)
        far.visits[0]?.reappear()
        await expectDelivered(trial, far, events, `${saw}. Then the old connection worked again:`, hints)
        const isClosed = async () => (await clientsOf(trial)).sockets[0]?.readyState === 3
        if (!(await trial.until('the old connection is closed', isClosed).catch(() => false)))
          wrong(far, 'a closed connection', { saw: `${saw}. It did not close the old one:`, hint: 'left-open' })
        const count = far.visits.length
        await pass(trial, far, LONG_MS, () => far.visits.length > count)
        if (far.visits.length === count) return
        const sawClosed = 'A connection died, and the client opened a new one. Then the old one was closed properly:'
        wrong(far, 'no further connection', { saw: sawClosed, hint: 'comes-again' })
      },
      async 'not-wanted'(trial) {
        await using far = await startFakeServer()
        await arrive(trial, far, '0')
        far.visits[0]?.close(1008)
        await heardOfTheEnd(trial, 1)
        await pass(trial, far, LONG_MS, () => far.visits.length > 1, LEAP_MS)
        const saw = 'The server closed the connection with 1008.'
        if (far.visits.length > 1)
          wrong(far, 'one connection', { saw: `${saw} The client reconnected:`, hint: 'insists' })
        const { ended } = await clientsOf(trial)
        if (ended[trial.room] === undefined)
          wrong(far, 'a call of the listener', { saw: `${saw} Its page was not informed:`, hint: 'not-informed' })
      },
      async stops(trial) {
        await using far = await startFakeServer()
        await arrive(trial, far, '0')
        far.visits[0]?.cut('RST')
        await heardOfTheEnd(trial, 1)
        const saw = 'The connection was cut, and the client was stopped before it reconnected'
        await expectStopped(trial, far, saw)
      },
      async 'stops-at-any-time'(trial) {
        await using far = await startFakeServer()
        await arrive(trial, far, '0')
        await trial.stopClients()
        const saw = 'The client was stopped while its connection worked'
        await trial.until('it is closed', () => far.visits[0]?.isOver).catch(() => null)
        if (!far.visits[0]?.isOver)
          wrong(far, 'a closed connection', { saw: `${saw}. It is still open:`, hint: 'left-open' })
        await expectStopped(trial, far, saw)

        await trial.disconnect()
        await arrive(trial, far, '0')
        far.visits.at(-1)?.vanish()
        await pass(trial, far, 25_000, () => false)
        await expectStopped(trial, far, 'The client was stopped while it waited for a pong')

        await trial.disconnect()
        far.meets = 'no answer'
        const count = far.visits.length
        await trial.connect(far.origin, [trial.room], '0')
        await trial.until('the client is there', () => far.visits.length > count)
        await expectStopped(trial, far, 'The client was stopped while it waited for the response to its handshake')
      },
    }),
  },
  {
    name: 'heartbeat',
    hosted: { kind: 'transport', exported: 'ws', isFrozen: true },
    checks: checksFrom(words.heartbeat, {
      async delivers(trial) {
        const { room } = trial
        const [first, second] = await trial.publish('one', 'two')
        const peer = await meet(trial, `?after=${first?.id}`)
        const fresh = await meet(trial)
        const later = await trial.publish('three', 'four')
        const events = [second, ...later]
        for (const [client, wanted, who] of [
          [peer, events, `A client with the cursor ${first?.id}`],
          [fresh, later, 'A client without a cursor'],
        ] as const) {
          await trial.until('everything is here', () => client.texts.length > wanted.length).catch(() => null)
          await settled(trial)
          const found = client.texts.slice(1).map((text) => String(fieldOf(parsed(text), 'id')))
          const ids = wanted.map((event) => event?.id)
          const at = Array.from({ length: Math.max(ids.length, found.length) }, (_, i) => i).find(
            (i) => ids[i] !== found[i],
          )
          const bytes = client.texts.join('\n')
          const welcome = parsed(client.texts[0] ?? '')
          if (fieldOf(welcome, 'type') !== 'connected' || typeof fieldOf(welcome, 'cursor') !== 'string')
            throw new Wrong({ saw: `${who} got:`, bytes, at: 0, wanted: WELCOME, hint: NO_WELCOME })
          if (at === undefined) continue
          const place = client.texts.slice(0, at + 1).join('\n').length
          throw new Wrong({ saw: `${who} got:`, bytes, at: place, wanted: ids[at] ?? 'nothing more', hint: 'lost' })
        }
        await sendNoise(trial, `/feed/${room}/ws`)
      },
      async 'if-the-feed-fails'(trial) {
        const peer = await meet(trial)
        await trial.failFollowers()
        if (await trial.until('it is closed', () => peer.closed !== null).catch(() => false)) return
        throw new Wrong({
          saw: 'The feed called `failed`, because it could not continue. The connection of the client:',
          bytes: 'still open',
          at: 0,
          wanted: 'a connection that was ended',
          hint: 'kept-open',
        })
      },
      async asks(trial) {
        const peer = await meet(trial)
        await passFor(trial, [peer], 4 * HEARTBEAT_MS)
        const { pings } = peer
        const seconds = (4 * HEARTBEAT_MS) / 1000
        if (pings === 0) {
          const texts = peer.texts.slice(1)
          const bytes = [`GET /feed/${trial.room}/ws HTTP/1.1`, '', ...peer.texts].join('\n')
          const saw = `A client was connected for ${seconds} s and nothing was published. Your server sent only this:`
          const hint = texts.length > 0 ? 'in-text' : 'silent'
          throw new Wrong({ saw, bytes, at: bytes.length, wanted: 'a ping', hint })
        }
        // A connection that has ended gets no further pings; the next check tests that.
        if (pings > 6 || (pings < 3 && peer.closed === null)) {
          const saw = `A client was connected for ${seconds} s. Your server sent:`
          const bytes = 'pings: '
          const hint = pings < 3 ? 'too-seldom' : 'too-often'
          throw new Wrong({ saw, bytes: `${bytes}${pings}`, at: bytes.length, wanted: '4', hint })
        }
      },
      async 'who-answers-stays'(trial) {
        const peer = await meet(trial)
        await passFor(trial, [peer], 11_000)
        // Each pong is late, but it comes before the next ping.
        for (let i = 0; i < 4; i++) {
          peer.socket.pause()
          await passFor(trial, [], 10_000)
          peer.socket.resume()
          await passFor(trial, [peer], 5000)
        }
        if (peer.closed === null) return
        const saw = `A client responded to each of your pings (${peer.pings}), some seconds later. Within 71 s your server ended its connection:`
        const bytes = `ping, pong, ping, pong … closed with ${peer.closed}`
        throw new Wrong({ saw, bytes, at: bytes.indexOf('closed'), wanted: 'an open connection', hint: 'impatient' })
      },
      async 'half-open'(trial) {
        const gone = await meet(trial)
        gone.socket.pause()
        await passFor(trial, [], 3 * HEARTBEAT_MS + STEP_MS)
        await expectFollowing(trial, gone, 0, 'A client disappeared silently.')
      },
      async 'one-of-two'(trial) {
        const [gone, stays] = [await meet(trial), await meet(trial)]
        gone.socket.pause()
        await passFor(trial, [stays], 3 * HEARTBEAT_MS + STEP_MS)
        const saw = 'One of two clients disappeared silently.'
        if (stays.closed !== null)
          throw new Wrong({ saw: `${saw} Your server ended the connection of the other one too.`, hint: 'both' })
        await expectFollowing(trial, gone, 1, saw, 'one-answer-for-all')
      },
      async 'stops-asking'(trial) {
        // The timers of earlier checks are gone when the server has served a new client.
        const stays = await meet(trial)
        await passFor(trial, [stays], STEP_MS)
        const before = await trial.timers()
        const peers = [await meet(trial), await meet(trial)]
        await passFor(trial, [stays, ...peers], HEARTBEAT_MS + STEP_MS)
        for (const { socket } of peers) socket.terminate()
        const isAlone = async () => (await trial.reads()).following === 1
        await trial.until('the server knows that they are gone', isAlone).catch(() => null)
        const timers = await trial.timers()
        if (timers <= before) return
        const saw = 'Two clients came, got a ping, and disconnected. Your server has more timers than before:'
        const bytes = `timers before: ${before}\ntimers now: `
        throw new Wrong({ saw, bytes: `${bytes}${timers}`, at: bytes.length, wanted: String(before), hint: 'timers' })
      },
      async goodbye(trial) {
        const peers = [await meet(trial), await meet(trial), await meet(trial)]
        await trial.goodbye()
        await trial.until('all are closed', () => peers.every(({ closed }) => closed !== null)).catch(() => null)
        const [peer] = peers.filter(({ closed }) => closed !== 1012 && closed !== 1001)
        if (!peer) return
        const hint = peer.closed === null ? 'left-open' : 'no-reason'
        const said = peer.closed === null ? 'still open' : `closed with ${peer.closed}`
        throw new Wrong({
          saw: 'The server stopped. The connection of one of three clients:',
          bytes: said,
          at: said.length - 4,
          wanted: '1012',
          hint,
        })
      },
    }),
  },
]

interface Peer {
  readonly socket: WebSocket
  readonly texts: readonly string[]
  readonly pings: number
  readonly closed: number | null
}

const WELCOME = '{"type":"connected",…,"cursor":"…"}'

/** Opens a WebSocket, and returns it when the first message has come. */
async function meet(trial: Trial, query = ''): Promise<Peer> {
  const talk = await converse(trial, `/feed/${trial.room}/ws${query}`)
  const { socket, heard: texts } = talk
  let pings = 0
  socket.on('ping', () => (pings += 1))
  await trial.until('the welcome is here', () => texts.length > 0 || talk.closed !== null).catch(() => null)
  if (texts.length === 0)
    throw new Wrong({ saw: 'A client opened a WebSocket:', ...talk.shown(), wanted: WELCOME, hint: NO_WELCOME })
  return {
    socket,
    texts,
    get pings() {
      return pings
    },
    get closed() {
      return talk.closed?.code ?? null
    },
  }
}

/** Moves the program's time in steps of a second, and waits after each step until the peers' pongs have arrived. */
async function passFor(trial: Trial, peers: readonly Peer[], ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
    await trial.tick(STEP_MS)
    await trial.reads()
    // The pong to the first ping comes after everything that the program sent. The pong to the second ping comes after
    // the program has read our pongs.
    for (let round = 0; round < 2; round++) await Promise.all(peers.map(({ socket }) => pongOf(socket)))
  }
}

/** Expects this number of followers after one client has been gone for three heartbeats. */
async function expectFollowing(trial: Trial, gone: Peer, wanted: number, saw: string, hint = 'kept'): Promise<void> {
  const isRight = async () => (await trial.reads()).following === wanted
  if (await trial.until('it is noticed', isRight, 300).catch(() => false)) return
  // Reads the bytes that were written to the client in the meantime.
  gone.socket.resume()
  await trial.until('it has read', () => gone.closed !== null, 300).catch(() => null)
  const isPolite = gone.closed !== null && gone.closed !== 1006
  const bytes = isPolite ? `a close frame, with ${gone.closed}` : 'an open connection'
  const observed = {
    saw: `${saw} After 46 s your server still kept its connection. The client found:`,
    bytes,
    at: 0,
    wanted: 'a connection that was ended',
  }
  throw new Wrong({ ...observed, hint: isPolite ? 'politely' : hint })
}
