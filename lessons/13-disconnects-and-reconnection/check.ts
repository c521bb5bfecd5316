import { once } from 'node:events'
import type { WebSocket } from 'ws'
import type { Event } from '../../server/protocol.ts'
import { startFarEnd } from '../kit/far-end.ts'
import type { FarEnd } from '../kit/far-end.ts'
import type { Exercise, Hint } from '../kit/exercise.ts'
import { Unclear, Wrong } from '../kit/exercise.ts'
import type { Clients, OpenedSocket } from '../kit/hosted/message.ts'
import type { Trial } from '../kit/trial.ts'

/** As the file names them. */
const FIRST_MS = 1000
const LONGEST_MS = 30_000
const HEARTBEAT_MS = 15_000

const STEP_MS = 1000

/** Where pauses alone are looked at, which are known as well whatever the steps are. */
const LEAP_MS = 5000

/** Longer than anything that is to come of itself: the longest wait, the silence and the answer to it. */
const LONG_MS = 65_000

/** So many clients tell chance from habit: that all of them come out alike by chance does not happen. */
const HERD = 20

/** A pause of nothing is seen as one of so much. */
const NOTHING_MS = 50

/** What the clients of this check have done. One that did not stop when an earlier check ended is still about. */
async function clientsOf(trial: Trial): Promise<Clients> {
  const all = await trial.clients()
  const isOwn = ({ room }: OpenedSocket) => room === trial.room || room.startsWith(`${trial.room}-`)
  return { ...all, sockets: all.sockets.filter(isOwn) }
}

const herdOf = ({ room }: Trial, count = HERD): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${room}-${i}`)

/** Resolves when the client has done what it does in this moment: no handshake is under way, and all was heard. */
async function settle(trial: Trial, far: FarEnd): Promise<Clients> {
  const clients = await trial.until('no handshake is under way', async () => {
    const now = await clientsOf(trial)
    const isOver = now.sockets.every(({ readyState }) => readyState !== 0)
    return isOver || far.meets === 'no answer' ? now : null
  })
  return (await far.settle()) ? clientsOf(trial) : clients
}

/** Moves the client's time, step by step, until enough has happened. */
async function pass(
  trial: Trial,
  far: FarEnd,
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

/** Starts a client in the check's own room, and waits until it is welcome. */
async function arrive(trial: Trial, far: FarEnd, after?: string): Promise<void> {
  await trial.connect(far.origin, [trial.room], after)
  await trial.until('the client is there', () => far.visits.length > 0)
  await settle(trial, far)
}

/** Resolves when the client has been told that its so-manieth line is over. */
async function heardOfTheEnd(trial: Trial, count: number): Promise<void> {
  await trial.until('the client knows that its line is over', async () => {
    const { sockets } = await clientsOf(trial)
    return sockets.length > count || sockets[count - 1]?.closedAtMs !== null
  })
}

/** What the far end has seen of the client, a line for each of its visits. */
const visitsText = ({ visits }: FarEnd): string => visits.map(({ asked }) => asked).join('\n')

interface Told {
  readonly saw: string
  readonly hint: string | Hint
}

function wrong(far: FarEnd, wanted: string, { saw, hint }: Told): never {
  const bytes = visitsText(far)
  throw new Wrong({ saw, bytes, at: bytes.length, wanted, hint })
}

/** The events that the client has told its page of: these, once each and in this order. */
async function expectTold(trial: Trial, far: FarEnd, wanted: readonly Event[], saw: string, hints: Hints) {
  const ids = wanted.map(({ id }) => id)
  const find = async () => ((await clientsOf(trial)).told[trial.room] ?? []).map(({ id }) => id)
  await trial.until('all is told', async () => (await find()).length >= ids.length).catch(() => null)
  await settle(trial, far)
  const found = await find()
  const first = Array.from({ length: Math.max(found.length, ids.length) }, (_, i) => i).find((i) => found[i] !== ids[i])
  if (first === undefined) return
  const head = `${visitsText(far)}\n\ntold: `
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

/** For each client how long it waited before each return: from the end of one line to the opening of the next, in ms. */
function waitsOf({ sockets }: Clients, rooms: readonly string[]): readonly (readonly number[])[] {
  return rooms.map((room) => {
    const own = sockets.filter((socket) => socket.room === room)
    return own.slice(1).map(({ openedAtMs }, i) => openedAtMs - (own[i]?.closedAtMs ?? openedAtMs))
  })
}

/** A herd of clients that were all welcome, and lose their server in one moment; it stays away. */
async function outage(trial: Trial, far: FarEnd, rooms: readonly string[], returns: number, stepMs: number) {
  await trial.connect(far.origin, rooms)
  await trial.until('all are there', () => far.visits.length >= rooms.length)
  await settle(trial, far)
  await far.leave()
  await trial.until('all know that their line is over', async () => {
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

/** A line for each return: how long the shortest and the longest wait before it was. */
function waitsText(waits: readonly (readonly number[])[]): string {
  const returns = Math.max(0, ...waits.map(({ length }) => length))
  return Array.from({ length: returns }, (_, i) => {
    const all = column(waits, i)
    return `return ${i + 1}: ${Math.min(...all)} to ${Math.max(...all)} ms`
  }).join('\n')
}

/** Where the line of a return begins to tell its times. */
const placeOfReturn = (text: string, index: number): number =>
  text.indexOf(`return ${index + 1}: `) + `return ${index + 1}: `.length

const STAYS_AWAY: Hint = [
  'The line was cut, and the client never came back.',
  'Look at what happens when a line is lost: who opens the next one?',
  'A WebSocket, unlike an EventSource, does nothing by itself when it ends. Coming back is the page’s to do.',
]

function nobodyCameBack(far: FarEnd, saw: string): never {
  return wrong(far, 'another visit', { saw: `${saw} The client never came back:`, hint: STAYS_AWAY })
}

export const exercises: readonly Exercise[] = [
  {
    name: 'client',
    hosted: { kind: 'client', exported: 'connect' },
    checks: [
      {
        name: 'brings',
        title: 'Brings what is published, once and in order',
        hints: {
          lost: [
            'Something was sent to the client that its page was never told of.',
            'Look at what you do with a message that has come.',
            'What has a time (at) is an event of the feed. Every one of them is for the page.',
          ],
          doubled: [
            'The page was told twice of what came once.',
            'Look at how often your listener is called for one message.',
            'Once and in order: whoever counts on that cannot be told twice.',
          ],
        },
        async run(trial) {
          await using far = await startFarEnd()
          const kept = far.publish(trial.room, 'one')
          await arrive(trial, far, '0')
          const events = [...kept, ...far.publish(trial.room, 'two', 'three')]
          await expectTold(trial, far, events, 'Three messages were sent down:', { lost: 'lost', doubled: 'doubled' })
        },
      },
      {
        name: 'comes-back',
        title: 'Comes back, however its line was lost',
        hints: {
          'only-accidents': [
            'The client comes back after an accident, and not after a close that was announced.',
            'Look at your condition on the close code.',
            'A server that restarts says so (1001, 1012), one that is overloaded too (1013). All of them mean: come back later.',
          ],
        },
        async run(trial) {
          await using far = await startFarEnd()
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
            const saw = `The line was ${typeof how === 'number' ? `closed with ${how}` : `cut by a ${how}`}.`
            if (typeof how === 'string') nobodyCameBack(far, saw)
            const told = { saw: `${saw} The client never came back:`, hint: 'only-accidents' }
            wrong(far, 'another visit', told)
          }
        },
      },
      {
        name: 'goes-on',
        title: 'Goes on behind the last message that it brought',
        hints: {
          lost: [
            'A message that was published while the client was away was never brought.',
            'Look at the address that the client comes back to: does it say where the client was?',
            'The server does not remember its clients. Whoever comes back without a cursor begins at the new now.',
          ],
          doubled: [
            'A message was brought twice: before the cut, and after it.',
            'Look at the cursor in the second address: of which message is it?',
            'The cursor has to move with every message. One that is kept from the beginning brings all since then again, at every return.',
          ],
        },
        async run(trial) {
          await using far = await startFarEnd()
          await arrive(trial, far, '0')
          const hints = { lost: 'lost', doubled: 'doubled' }
          const events = [...far.publish(trial.room, 'one', 'two')]
          await expectTold(trial, far, events, 'Two messages were sent down:', hints)
          far.visits[0]?.cut('RST')
          await heardOfTheEnd(trial, 1)
          events.push(...far.publish(trial.room, 'three'))
          const saw = 'Two messages had been brought, the line was cut, and a third one was published.'
          await pass(trial, far, LONG_MS, () => far.visits.length > 1)
          if (far.visits.length < 2) nobodyCameBack(far, saw)
          events.push(...far.publish(trial.room, 'four'))
          await expectTold(trial, far, events, `${saw} The client came back, and then there was a fourth:`, hints)
        },
      },
      {
        name: 'before-the-first',
        title: 'Knows where it is before the first message',
        hints: {
          lost: [
            'The client was cut off before it had got any message, and what was published meanwhile is lost.',
            'Look at the first thing that the server says on every line: it holds a position.',
            'Who begins now has a place, too. A client that remembers only messages has no place until the first, and that may take hours in a quiet room.',
          ],
          doubled: [
            'A message was brought twice.',
            'Look at the cursor in the second address.',
            'The place that the server tells is the one before the next message.',
          ],
        },
        async run(trial) {
          await using far = await startFarEnd()
          far.publish(trial.room, 'long ago')
          await arrive(trial, far)
          far.visits[0]?.cut('FIN')
          await heardOfTheEnd(trial, 1)
          const events = far.publish(trial.room, 'one')
          const saw = 'The client began at now, was told where that is, and was cut off. Then a message was published.'
          await pass(trial, far, LONG_MS, () => far.visits.length > 1)
          if (far.visits.length < 2) nobodyCameBack(far, saw)
          await expectTold(trial, far, events, `${saw} The client came back:`, { lost: 'lost', doubled: 'doubled' })
        },
      },
      {
        name: 'not-together',
        title: 'Comes back at a moment of its own, not together with all others',
        hints: {
          'at-once': [
            'The line was lost, and the client tried again in the same moment.',
            'Look at what is between the end of a line and the opening of the next.',
            'A server that is down is asked thousands of times a second by each of its clients, and when it rises it is struck down again.',
          ],
          lockstep: [
            'Twenty clients lost their server in one moment, and came back in one moment.',
            'Look at where the length of the pause comes from: is there anything in it that differs between two clients?',
            'What happened to all at once makes all act at once: a thundering herd. Nothing but chance tells clients apart that run the same program.',
          ],
          narrow: [
            'Twenty clients lost their server in one moment, and came back nearly together.',
            'Look at how large the part of chance is in your pause.',
            'A tenth of chance spreads a herd over a tenth of the time. Where the whole pause is chance, anywhere between nothing and its longest, the returns are spread evenly.',
          ],
        },
        async run(trial) {
          await using far = await startFarEnd()
          const rooms = herdOf(trial)
          const waits = await outage(trial, far, rooms, 3, STEP_MS)
          if (column(waits, 0).length < HERD) nobodyCameBack(far, 'Twenty clients lost their server.')
          for (const index of [0, 1, 2]) {
            const all = column(waits, index)
            const longest = Math.max(...all)
            const rangeMs = longest - Math.min(...all)
            // What is half chance passes, and a tenth does not.
            if (longest > NOTHING_MS && rangeMs >= longest * 0.2) continue
            const bytes = waitsText(waits)
            throw new Wrong({
              saw: 'Twenty clients lost their server in one moment. These are the shortest and the longest of their pauses:',
              bytes,
              at: placeOfReturn(bytes, index),
              wanted: `anything from 0 to ${FIRST_MS * 2 ** index} ms`,
              hint: longest <= NOTHING_MS ? 'at-once' : rangeMs < longest * 0.01 ? 'lockstep' : 'narrow',
            })
          }
        },
      },
      {
        name: 'waits-longer',
        title: 'Waits longer with each failure, and never more than 30 s',
        hints: {
          'no-growth': [
            'The server was away, and the client asked again and again at the same pace.',
            'Look at what your pause depends on: does it know how often it has failed in a row?',
            'The longer somebody has been away, the less likely is it that they are back in a second. A pause that doubles finds a short outage soon and costs next to nothing in a long one.',
          ],
          'no-limit': [
            'The server was away, and the pauses grew beyond 30 s.',
            'Look at what limits your pause.',
            'After twenty failures a pause that doubles is as long as a week. The server would have been back for days, and the page still be waiting.',
          ],
        },
        async run(trial) {
          await using far = await startFarEnd()
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
          const late = [4, 5, 6].flatMap((index) => column(waits, index))
          if (Math.max(0, ...late) >= 4 * FIRST_MS) return
          const at = placeOfReturn(bytes, 4)
          throw new Wrong({ saw, bytes, at, wanted: `up to ${LONGEST_MS} ms`, hint: 'no-growth' })
        },
      },
      {
        name: 'begins-anew',
        title: 'Begins with short pauses again when all was well',
        hints: {
          'never-reset': [
            'The server was away for long, came back, and was away once more. The client’s pauses went on where they had been.',
            'Look at what counts the failures: when does it go back?',
            'Failures count in a row. A page that is open for a month has met many, and each of them is a first one again when it works in between.',
          ],
        },
        async run(trial) {
          await using far = await startFarEnd()
          const rooms = herdOf(trial, HERD / 2)
          const before = await outage(trial, far, rooms, 7, LEAP_MS)
          if (before.some(({ length }) => length < 7))
            throw new Unclear('They did not come back, which earlier checks are about.')
          const count = far.visits.length
          await far.comeBack()
          await pass(trial, far, LONG_MS, () => far.visits.length >= count + rooms.length, LEAP_MS)
          await settle(trial, far)
          const known = waitsOf(await clientsOf(trial), rooms).map(({ length }) => length)
          await far.leave()
          await trial.until('all know that their line is over', async () => {
            const { sockets } = await clientsOf(trial)
            return sockets.every(({ readyState }) => readyState === 3)
          })
          const next = (clients: Clients) => waitsOf(clients, rooms).map((own, i) => own.slice(known[i]))
          await pass(trial, far, LONG_MS, (clients) => next(clients).every(({ length }) => length > 0), LEAP_MS)
          const first = next(await clientsOf(trial)).map((own) => own.slice(0, 1))
          if (column(first, 0).length === rooms.length && Math.max(...column(first, 0)) <= 5 * FIRST_MS) return
          const saw =
            'The server was away for minutes, was back, and all was well. Then it was away once more. These are the pauses of ten clients:'
          const bytes = waitsText(first)
          const wanted = `up to ${FIRST_MS} ms`
          throw new Wrong({ saw, bytes, at: placeOfReturn(bytes, 0), wanted, hint: 'never-reset' })
        },
      },
      {
        name: 'turned-away',
        title: 'Counts a line that is closed at once as a failure',
        hints: {
          'reset-too-early': [
            'Each line was opened and closed at once with 1013, try again later. The client did not wait any longer the tenth time than the first.',
            'Look at what puts your count of failures back: what has been proved by then?',
            'That a line opens proves that a server is there, and not that it has anything to give. One that is overloaded opens and closes; it needs the pauses more than one that is away.',
          ],
        },
        async run(trial) {
          await using far = await startFarEnd()
          far.meets = 'turned away'
          const rooms = herdOf(trial, HERD / 4)
          await trial.connect(far.origin, rooms)
          await trial.until('all were there', () => far.visits.length >= rooms.length)
          await pass(trial, far, 4 * LONG_MS, (clients) => haveReturned(clients, rooms, 7), LEAP_MS)
          const waits = waitsOf(await clientsOf(trial), rooms)
          const late = [4, 5, 6].flatMap((index) => column(waits, index))
          if (Math.max(0, ...late) >= 4 * FIRST_MS) return
          const bytes = waitsText(waits)
          const saw =
            'Five clients were turned away: each line was opened, and closed at once with 1013. These are their pauses:'
          const at = placeOfReturn(bytes, 4)
          throw new Wrong({ saw, bytes, at, wanted: `up to ${LONGEST_MS} ms`, hint: 'reset-too-early' })
        },
      },
      {
        name: 'dead-silence',
        title: 'Notices a line that dies without a word',
        hints: {
          'waits-for-ever': [
            'Nothing crossed the line any more, in either direction, and the client did not notice for a minute.',
            'Look at who would tell you: when does anybody ask the server whether it is there?',
            'A dead line and a quiet room look the same from here. Only a question tells them apart: what is not answered in time is dead.',
          ],
          'waits-for-close': [
            'The client closed the dead line, and then waited to be told that it is closed.',
            'Look at what opens the next line: does it need something from the old one?',
            'Closing is a conversation, and the other side of this one is gone. A browser may take a long time to give it up. Whoever has decided that a line is dead goes on without it.',
          ],
        },
        async run(trial) {
          await using far = await startFarEnd()
          await arrive(trial, far, '0')
          far.visits[0]?.vanish()
          await pass(trial, far, LONG_MS, () => far.visits.length > 1)
          if (far.visits.length > 1) return
          const [socket] = (await clientsOf(trial)).sockets
          wrong(far, 'another visit', {
            saw: 'The line died without a word. After 65 s the client was still at it:',
            hint: socket?.readyState === 2 ? 'waits-for-close' : 'waits-for-ever',
          })
        },
      },
      {
        name: 'no-handshake',
        title: 'Notices a handshake that is never answered',
        hints: {
          'waits-for-ever': [
            'The client asked for a WebSocket, and was still waiting for the answer after a minute.',
            'Look at when your watch over a line begins.',
            'The connection may die before the 101, as it may after it. What is watched only once it is open can wait for that for ever.',
          ],
        },
        async run(trial) {
          await using far = await startFarEnd()
          far.meets = 'no answer'
          await trial.connect(far.origin, [trial.room], '0')
          await trial.until('the client is there', () => far.visits.length > 0)
          // Of the client's own: the far end may hear of one a moment later.
          const isBack = ({ sockets }: Clients) => sockets.length > 1
          await pass(trial, far, LONG_MS, isBack)
          if (isBack(await clientsOf(trial))) return
          wrong(far, 'another visit', { saw: 'The handshake was never answered. After 65 s:', hint: 'waits-for-ever' })
        },
      },
      {
        name: 'a-quiet-room',
        title: 'Keeps a line on which nothing happens',
        hints: {
          restless: [
            'Nobody said anything for a minute and a half, the server answered every question, and the client gave the line up.',
            'Look at what your watch takes for a sign of life, and at what it does in silence.',
            'Silence is no proof of death. Ask first; and whatever comes, be it an answer that means nothing else, shows that the line works.',
          ],
        },
        async run(trial) {
          await using far = await startFarEnd()
          await arrive(trial, far, '0')
          await pass(trial, far, 90_000, () => far.visits.length > 1)
          if (far.visits.length === 1) return
          const saw =
            'Nothing was published for 90 s, and the server answered every ping. The client left, and came anew:'
          wrong(far, 'one visit', { saw, hint: 'restless' })
        },
      },
      {
        name: 'one-line-at-a-time',
        title: 'Hears nothing of a line that it has given up',
        hints: {
          doubled: [
            'A line that was taken for dead came to life again, and its messages were told a second time.',
            'Look at what becomes of the old line when there is a new one.',
            'What was on its way may arrive after minutes. By then the new line has brought it. Whoever gives a line up has to close it and stop listening, and not only forget it.',
          ],
          lost: [
            'A message that was published while the line was dead was never brought.',
            'Look at the address that the client comes back to.',
            'What the old line did not bring the new one has to.',
          ],
        },
        async run(trial) {
          await using far = await startFarEnd()
          await arrive(trial, far, '0')
          const events = [...far.publish(trial.room, 'one')]
          const hints = { lost: 'lost', doubled: 'doubled' }
          await expectTold(trial, far, events, 'A message was sent down:', hints)
          far.visits[0]?.vanish()
          events.push(...far.publish(trial.room, 'two'))
          await pass(trial, far, LONG_MS, () => far.visits.length > 1)
          if (far.visits.length < 2) throw new Unclear('The client did not come back, which an earlier check is about.')
          const saw = 'A line died, and a message was published. The client came back by a new line and got it'
          await expectTold(trial, far, events, `${saw}:`, hints)
          far.visits[0]?.reappear()
          await expectTold(trial, far, events, `${saw}. Then the old one came to life:`, hints)
        },
      },
      {
        name: 'not-wanted',
        title: 'Does not come back to a server that does not want it, and says so',
        hints: {
          insists: [
            'The server closed with 1008, which says that a rule was broken, and the client came back with the very same.',
            'Look at what you do with the close code.',
            'Some ends are final: a session that is over, a client that is banned. Who comes back as the same will be sent away again, every time, for ever.',
          ],
          'not-told': [
            'The server closed with 1008. The client stays away, and its page was told nothing.',
            'Look at who else has to know that there is no more to come.',
            'A page that is not told goes on looking as if all were well. It could ask its user to log in.',
          ],
        },
        async run(trial) {
          await using far = await startFarEnd()
          await arrive(trial, far, '0')
          far.visits[0]?.close(1008)
          await heardOfTheEnd(trial, 1)
          await pass(trial, far, LONG_MS, () => far.visits.length > 1, LEAP_MS)
          const saw = 'The server closed the line with 1008.'
          if (far.visits.length > 1) wrong(far, 'one visit', { saw: `${saw} The client came back:`, hint: 'insists' })
          const { ended } = await clientsOf(trial)
          if (ended[trial.room] === undefined)
            wrong(far, 'a word to the listener', { saw: `${saw} Its page was not told:`, hint: 'not-told' })
        },
      },
      {
        name: 'stops',
        title: 'Stops when it is told to, also between two lines',
        hints: {
          'goes-on': [
            'The client was stopped while it waited to come back, and came back nevertheless.',
            'Look at what stopping has to take away besides the line.',
            'What starts has to stop completely: the line, and every timer that would open another one.',
          ],
        },
        async run(trial) {
          await using far = await startFarEnd()
          await arrive(trial, far, '0')
          far.visits[0]?.cut('RST')
          await heardOfTheEnd(trial, 1)
          await trial.disconnect()
          await pass(trial, far, LONG_MS, () => far.visits.length > 1, LEAP_MS)
          if (far.visits.length === 1) return
          wrong(far, 'one visit', {
            saw: 'The line was cut, and the client was stopped before it came back:',
            hint: 'goes-on',
          })
        },
      },
    ],
  },
  {
    name: 'heartbeat',
    hosted: { kind: 'transport', exported: 'ws', isFrozen: true },
    checks: [
      {
        name: 'asks',
        title: 'Pings a client that says nothing',
        hints: {
          silent: [
            'A client said nothing for 45 s, and nobody asked whether it is there.',
            'Look at what you do for a socket besides sending what is published.',
            'A server that never asks never learns that a client is gone: no packet says so. Only what is sent and not answered does.',
          ],
          'in-text': [
            'What you sent is a message, and no ping.',
            'Look at what you call to ask: the library has a word for it.',
            'A ping is a frame of its own (lesson 9), which every client answers by itself, a browser too. A message reaches the page, which has to know what to do with it.',
          ],
        },
        async run(trial) {
          const peer = await meet(trial)
          await passFor(trial, [peer], 3 * HEARTBEAT_MS)
          if (peer.pings > 0) return
          const texts = peer.texts.slice(1)
          const bytes = [`GET /feed/${trial.room}/ws HTTP/1.1`, '', ...peer.texts].join('\n')
          const saw = 'A client was there for 45 s and nothing was published. This is all that you sent it:'
          throw new Wrong({
            saw,
            bytes,
            at: bytes.length,
            wanted: 'a ping',
            hint: texts.length > 0 ? 'in-text' : 'silent',
          })
        },
      },
      {
        name: 'who-answers-stays',
        title: 'Keeps who answers',
        hints: {
          impatient: [
            'The client answered every ping, and you ended its line.',
            'Look at what the answer changes, and when you look at it.',
            'An answer needs a round trip. It is there by the next ping, if the client is; to ask in the same moment is to ask too early.',
          ],
        },
        async run(trial) {
          const peer = await meet(trial)
          await passFor(trial, [peer], 5 * HEARTBEAT_MS)
          if (peer.closed === null) return
          const saw = `A client answered each of your pings (${peer.pings}). Within 75 s you ended its line:`
          const bytes = `ping, pong, ping, pong \u2026 closed with ${peer.closed}`
          throw new Wrong({ saw, bytes, at: bytes.indexOf('closed'), wanted: 'an open line', hint: 'impatient' })
        },
      },
      {
        name: 'half-open',
        title: 'Ends a line whose other end is gone, within three heartbeats',
        hints: {
          kept: [
            'A client was gone, and after three heartbeats you still kept its place.',
            'Look at what happens when a ping was not answered by the time of the next one.',
            'A connection is half open where one end is gone and the other has not noticed. Each keeps memory, a place in its room, and a user who seems to be here.',
          ],
          politely: [
            'A client was gone, and you asked it to close the line.',
            'Look at what you call to end it.',
            'Closing is a conversation of two (lesson 9). Who did not answer a ping will not answer a close. terminate ends the connection at once.',
          ],
        },
        async run(trial) {
          const gone = await meet(trial)
          gone.socket.pause()
          await passFor(trial, [], 3 * HEARTBEAT_MS + STEP_MS)
          await expectFollowing(trial, gone, 0, 'A client was gone without a word.')
        },
      },
      {
        name: 'one-of-two',
        title: 'Tells those who are gone from those who are there',
        hints: {
          'one-answer-for-all': [
            'One of two clients was gone, the other one answered, and you kept both.',
            'Look at where you keep whether a ping was answered: is there one such place, or one for each socket?',
            'Whatever is about one client has to be kept with that client. A variable of the whole server knows only who spoke last.',
          ],
          politely: [
            'A client was gone, and you asked it to close the line.',
            'Look at what you call to end it.',
            'Who did not answer a ping will not answer a close.',
          ],
          both: [
            'One of two clients was gone, and you ended the lines of both.',
            'Look at whose line you end.',
            'Whatever is about one client has to be kept with that client.',
          ],
        },
        async run(trial) {
          const [gone, stays] = [await meet(trial), await meet(trial)]
          gone.socket.pause()
          await passFor(trial, [stays], 3 * HEARTBEAT_MS + STEP_MS)
          const saw = 'One of two clients was gone without a word.'
          if (stays.closed !== null)
            throw new Wrong({ saw: `${saw} You ended the other one’s line as well.`, hint: 'both' })
          await expectFollowing(trial, gone, 1, saw, 'one-answer-for-all')
        },
      },
      {
        name: 'goodbye',
        title: 'Closes with a code that brings clients back when the server stops',
        hints: {
          'no-reason': [
            'The server stopped, and its clients were told that all is well, or nothing.',
            'Look at what you give to close.',
            'A client decides by the code whether to come back. 1012 says that the service restarts: come back, in a while.',
          ],
          'left-open': [
            'The server stopped, and a line stayed open.',
            'Look at the function that serve returns: whom does it know?',
            'A server that stops waits for its lines to end, and they do not end by themselves.',
          ],
        },
        async run(trial) {
          const peer = await meet(trial)
          await trial.goodbye()
          await trial.until('it is closed', () => peer.closed !== null).catch(() => null)
          if (peer.closed === 1012 || peer.closed === 1001) return
          const hint = peer.closed === null ? 'left-open' : 'no-reason'
          const said = peer.closed === null ? 'still open' : `closed with ${peer.closed}`
          throw new Wrong({
            saw: 'The server said goodbye to a client:',
            bytes: said,
            at: said.length - 4,
            wanted: '1012',
            hint,
          })
        },
      },
    ],
  },
]

interface Peer {
  readonly socket: WebSocket
  readonly texts: readonly string[]
  readonly pings: number
  readonly closed: number | null
}

/** A client that is there: it has been told so. */
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

/** Moves the program's time; whoever of the peers answers has been heard at the end of each second. */
async function passFor(trial: Trial, peers: readonly Peer[], ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
    await trial.tick(STEP_MS)
    await trial.reads()
    // A ping of ours is answered behind all that was sent to us; the second one behind our answers to that.
    for (let round = 0; round < 2; round++) await Promise.all(peers.map(({ socket }) => pongOf(socket)))
  }
}

async function pongOf(socket: WebSocket): Promise<void> {
  if (socket.readyState !== socket.OPEN) return
  const over = new AbortController()
  const { signal } = over
  socket.ping()
  await Promise.race([once(socket, 'pong', { signal }), once(socket, 'close', { signal })]).catch(() => null)
  over.abort()
}

/** How many are followed, when one of them has been gone for three heartbeats. */
async function expectFollowing(trial: Trial, gone: Peer, wanted: number, saw: string, hint = 'kept'): Promise<void> {
  const isRight = async () => (await trial.reads()).following === wanted
  if (await trial.until('it is noticed', isRight, 300).catch(() => false)) return
  // What was written to it in the meantime it reads now.
  gone.socket.resume()
  await trial.until('it has read', () => gone.closed !== null, 300).catch(() => null)
  const isPolite = gone.closed !== null && gone.closed !== 1006
  const bytes = isPolite ? `a close frame, with ${gone.closed}` : 'an open line'
  const told = {
    saw: `${saw} After 46 s you still kept its place, and it held:`,
    bytes,
    at: 0,
    wanted: 'a line that was ended',
  }
  throw new Wrong({ ...told, hint: isPolite ? 'politely' : hint })
}
