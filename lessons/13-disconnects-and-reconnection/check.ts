import type { WebSocket } from 'ws'
import type { Event } from '../../server/protocol/feed.ts'
import { pongOf, startFakeServer } from '../kit/fake-server.ts'
import type { FakeServer } from '../kit/fake-server.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Wrong } from '../kit/finding.ts'
import type { Hint } from '../kit/finding.ts'
import type { Clients, OpenedSocket } from '../kit/hosted/message.ts'
import type { Trial } from '../kit/trial.ts'
import { GAVE_UP, STAYS_AWAY, words } from './hints.ts'

/** Times that the student's file gives. */
const FIRST_MS = 1000
const LONGEST_MS = 30_000
const HEARTBEAT_MS = 15_000

const STEP_MS = 1000

/** A longer step, for checks that only read pauses: these are recorded exactly, whatever the step is. */
const LEAP_MS = 5000

/** Longer than the longest pause, and longer than a client needs to notice a dead connection. */
const LONG_MS = 65_000

/** Number of clients; enough that random pauses are never all alike by chance. */
const HERD = 20

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
async function expectDelivered(trial: Trial, far: FakeServer, wanted: readonly Event[], saw: string, hints: Hints) {
  const ids = wanted.map(({ id }) => id)
  const find = async () => ((await clientsOf(trial)).delivered[trial.room] ?? []).map(({ id }) => id)
  await trial.until('everything is delivered', async () => (await find()).length >= ids.length).catch(() => null)
  await settle(trial, far)
  const found = await find()
  const first = Array.from({ length: Math.max(found.length, ids.length) }, (_, i) => i).find((i) => found[i] !== ids[i])
  if (first === undefined) return
  const head = `${visitsText(far)}\n\npage received: `
  const bytes = head + found.join(' ')
  const at = head.length + found.slice(0, first).join(' ').length + (first > 0 && first < found.length ? 1 : 0)
  const isDoubled = new Set(found).size < found.length
  throw new Wrong({
    saw,
    bytes,
    at,
    wanted: ids[first] ?? 'nothing more',
    hint: isDoubled ? hints.doubled : hints.lost,
  })
}

interface Hints {
  readonly lost: string
  readonly doubled: string
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

function nobodyCameBack(far: FakeServer, saw: string): never {
  return wrong(far, 'another connection', { saw: `${saw} The client never reconnected:`, hint: STAYS_AWAY })
}

export const exercises: readonly Exercise[] = [
  {
    name: 'client',
    hosted: { kind: 'client', exported: 'connect' },
    checks: checksFrom(words.client, {
      async brings(trial) {
        await using far = await startFakeServer()
        const kept = far.publish(trial.room, 'one')
        await arrive(trial, far, '0')
        const events = [...kept, ...far.publish(trial.room, 'two', 'three')]
        await expectDelivered(trial, far, events, 'Three messages were sent to the client:', {
          lost: 'lost',
          doubled: 'doubled',
        })
      },
      async 'comes-back'(trial) {
        await using far = await startFakeServer()
        await arrive(trial, far, '0')
        let cuts = 0
        for (const how of ['FIN', 'RST', 1012, 1013, 1001] as const) {
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
      },
      async 'goes-on'(trial) {
        await using far = await startFakeServer()
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
        const waits = await outage(trial, far, herdOf(trial, HERD / 2), 7, LEAP_MS)
        if (column(waits, 0).length < HERD / 2) nobodyCameBack(far, 'Ten clients lost their server.')
        const bytes = waitsText(waits)
        const saw = 'Ten clients lost their server, which stayed away. These are their pauses before each return:'
        const over = waits.flat().reduce((most, ms) => Math.max(most, ms), 0)
        const isOver = (index: number) => column(waits, index).some((ms) => ms > LONGEST_MS + 500)
        if (over > LONGEST_MS + 500) {
          const index = [0, 1, 2, 3, 4, 5, 6].find(isOver) ?? 0
          const wanted = `no more than ${LONGEST_MS} ms`
          throw new Wrong({ saw, bytes, at: placeOfReturn(bytes, index), wanted, hint: 'no-limit' })
        }
        expectReturns(waits, 7, 'Ten clients lost their server, which stayed away.')
        const late = [4, 5, 6].flatMap((index) => column(waits, index))
        if (Math.max(0, ...late) >= 4 * FIRST_MS) return
        const at = placeOfReturn(bytes, 4)
        throw new Wrong({ saw, bytes, at, wanted: `up to ${LONGEST_MS} ms`, hint: 'no-growth' })
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
        await pass(trial, far, LONG_MS, () => far.visits.length > 1)
        if (far.visits.length > 1) return
        const [socket] = (await clientsOf(trial)).sockets
        wrong(far, 'another connection', {
          saw: 'The connection died silently. After 65 s the client still used it:',
          hint: socket?.readyState === 2 ? 'waits-for-close' : 'waits-for-ever',
        })
      },
      async 'no-handshake'(trial) {
        await using far = await startFakeServer()
        far.meets = 'no answer'
        await trial.connect(far.origin, [trial.room], '0')
        await trial.until('the client is there', () => far.visits.length > 0)
        // Counted in the client, because the fake server may see a connection a moment later.
        const isBack = ({ sockets }: Clients) => sockets.length > 1
        await pass(trial, far, LONG_MS, isBack)
        if (isBack(await clientsOf(trial))) return
        wrong(far, 'another connection', {
          saw: 'The handshake got no response. After 65 s the client still waited:',
          hint: 'waits-for-ever',
        })
      },
      async 'a-quiet-room'(trial) {
        await using far = await startFakeServer()
        await arrive(trial, far, '0')
        await pass(trial, far, 90_000, () => far.visits.length > 1)
        if (far.visits.length === 1) return
        const saw =
          'Nothing was published for 90 s, and the server responded to every ping. The client gave up the connection and opened another one:'
        wrong(far, 'one connection', { saw, hint: 'restless' })
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
        await trial.disconnect()
        await pass(trial, far, LONG_MS, () => far.visits.length > 1, LEAP_MS)
        if (far.visits.length === 1) return
        wrong(far, 'one connection', {
          saw: 'The connection was cut, and the client was stopped before it reconnected:',
          hint: 'goes-on',
        })
      },
    }),
  },
  {
    name: 'heartbeat',
    hosted: { kind: 'transport', exported: 'ws', isFrozen: true },
    checks: checksFrom(words.heartbeat, {
      async asks(trial) {
        const peer = await meet(trial)
        await passFor(trial, [peer], 3 * HEARTBEAT_MS)
        if (peer.pings > 0) return
        const texts = peer.texts.slice(1)
        const bytes = [`GET /feed/${trial.room}/ws HTTP/1.1`, '', ...peer.texts].join('\n')
        const saw = 'A client was connected for 45 s and nothing was published. Your server sent only this:'
        throw new Wrong({
          saw,
          bytes,
          at: bytes.length,
          wanted: 'a ping',
          hint: texts.length > 0 ? 'in-text' : 'silent',
        })
      },
      async 'who-answers-stays'(trial) {
        const peer = await meet(trial)
        await passFor(trial, [peer], 5 * HEARTBEAT_MS)
        if (peer.closed === null) return
        const saw = `A client responded to each of your pings (${peer.pings}). Within 75 s your server ended its connection:`
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
      async goodbye(trial) {
        const peer = await meet(trial)
        await trial.goodbye()
        await trial.until('it is closed', () => peer.closed !== null).catch(() => null)
        if (peer.closed === 1012 || peer.closed === 1001) return
        const hint = peer.closed === null ? 'left-open' : 'no-reason'
        const said = peer.closed === null ? 'still open' : `closed with ${peer.closed}`
        throw new Wrong({
          saw: 'The server stopped. The connection of a client:',
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

/** Opens a WebSocket, and returns it when the first message has come. */
async function meet(trial: Trial): Promise<Peer> {
  const socket = trial.websocket(`/feed/${trial.room}/ws`)
  const texts: string[] = []
  const seen = { socket, texts, pings: 0, closed: null as number | null }
  socket.on('message', (data) => texts.push(String(data)))
  socket.on('ping', () => (seen.pings += 1))
  socket.on('close', (code: number) => (seen.closed = code))
  await trial.until('the client is there', () => texts.length > 0)
  return seen
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
