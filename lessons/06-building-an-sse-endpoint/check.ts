import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/finding.ts'
import { expectEventStream, expectMessages, openStream, settled, taken, waitFor } from '../kit/stream.ts'
import type { HeadFault } from '../kit/stream.ts'
import type { Stream } from '../kit/stream.ts'
import { expectHeader } from '../kit/expect.ts'
import { expectFollowers } from '../kit/followers.ts'
import { leaveDuringRead } from '../kit/parting.ts'
import type { Trial } from '../kit/trial.ts'
import { words } from './hints.ts'

/** Headers that the lesson's page asks for, with the pattern that each value must match. */
const HEADERS = [
  ['cache-control', /\bno-store\b/i],
  ['cache-control', /\bno-transform\b/i],
  ['x-accel-buffering', /^no$/i],
] as const

/** Number of events after which the next cursor is smaller than the last one, if a program compares them as texts. */
const NINE = ['1', '2', '3', '4', '5', '6', '7', '8', '9']

const QUIET_MS = 5 * 60_000

/** Opens the stream of a client that has every event up to `after`, and returns it when the program serves it. */
async function listen(trial: Trial, after: string | undefined): Promise<Stream> {
  return await open(trial, `?after=${after}`)
}

/** Opens a stream with this query and headers, and returns it when the program serves it. */
async function open(trial: Trial, query: string, headers: Record<string, string> = {}): Promise<Stream> {
  const before = await trial.reads()
  const stream = openStream(trial, `/feed/${trial.room}/sse${query}`, headers)
  await taken(trial, stream, before)
  return stream
}

export const exercises: readonly Exercise[] = [
  {
    name: 'sse',
    // The clock stands still, so that a check can look at a stream after minutes, and count timers.
    hosted: { kind: 'transport', exported: 'sse', isFrozen: true },
    checks: checksFrom(words.sse, {
      async 'an-event-stream'(trial) {
        const [first] = await trial.publish('one')
        const stream = await listen(trial, first?.id)
        await trial.publish('two')
        const hint = (fault: HeadFault) =>
          stream.soFar.status === 0 ? 'nothing' : fault === 'another status' ? 'other-status' : 'other-type'
        await expectEventStream(trial, stream, { saw: 'A client asked for the stream. Your server responded:', hint })
        const saw = 'A client asked for the stream. The head of your response:'
        for (const [name, wanted] of HEADERS)
          expectHeader({ ...stream.soFar, body: '' }, name, wanted, { saw, hint: 'no-such-header' })
      },
      async 'as-it-happens'(trial) {
        const first = (await trial.publish(...NINE)).at(-1)
        const stream = await listen(trial, first?.id)
        const hint = (seen: string) => (seen !== 'missing' ? 'other' : stream.exchange ? 'ended' : 'nothing')
        const second = await trial.publish('two')
        const saw = `The client has ${first?.id}, and ${second[0]?.id} was published. Your server sent:`
        await expectMessages(trial, stream, second, { saw, hint })
        // The clock of the server was corrected in between, so the time of this message is smaller.
        const third = await trial.publishAt(1000, 'three')
        const sawThird = `The client has ${second[0]?.id} too, and ${third[0]?.id} was published. Your server sent:`
        await expectMessages(trial, stream, [...second, ...third], { saw: sawThird, hint })
      },
      async 'head-at-once'(trial) {
        const [first] = await trial.publish('one')
        const stream = await listen(trial, first?.id)
        const isHere = () => stream.soFar.status > 0
        if (await trial.until('the head is here', isHere).catch(() => false)) return
        await trial.publish('two')
        const cameWithIt = await trial.until('the head is here', isHere).catch(() => false)
        const saw = 'A client asked for the stream of a quiet room, and received nothing'
        throw new Late({
          saw: cameWithIt ? `${saw} until a message was published. Then it received:` : `${saw}:`,
          bytes: stream.shown.bytes.trimEnd(),
          at: stream.shown.bytes.indexOf('\n\n') + 2,
          wanted: 'at once',
          hint: cameWithIt ? 'held-back' : 'never',
        })
      },
      async 'a-whole-commit'(trial) {
        const [first] = await trial.publish('one')
        const stream = await listen(trial, first?.id)
        const published = await trial.publish('two', 'three', 'four')
        const saw = `${published[0]?.id} to ${published[2]?.id} were published in one commit. Your server sent:`
        const hint = (seen: string) => (seen === 'missing' ? 'first-only' : 'other')
        await expectMessages(trial, stream, published, { saw, hint })
      },
      async 'every-client'(trial) {
        const [first] = await trial.publish('one')
        const streams = [await listen(trial, first?.id), await listen(trial, first?.id), await listen(trial, first?.id)]
        const published = await trial.publish('two')
        const hint = (seen: string) => (seen === 'missing' ? 'one-place' : 'other')
        for (const [i, stream] of streams.entries()) {
          const who = ['first', 'second', 'third'][i]
          const saw = `Three clients listened, and ${published[0]?.id} was published. Your server sent to the ${who} client:`
          await expectMessages(trial, stream, published, { saw, hint })
        }
      },
      async 'rooms-apart'(trial) {
        const [first] = await trial.publish('one')
        const here = await listen(trial, first?.id)
        const other = trial.inRoom('constructor')
        const [begun] = await other.publish('one')
        const elsewhere = await listen(other, begun?.id)
        const published = await trial.publish('two')
        const hereOnly = {
          saw: `${published[0]?.id} was published. Your server sent to a client of the room:`,
          hint: 'another-room',
        }
        await expectMessages(trial, here, published, hereOnly)
        const saw = `${published[0]?.id} was published in ${trial.room}. Your server sent to a client of another room:`
        await expectMessages(trial, elsewhere, [], { saw, hint: 'another-room' })
        const there = await other.publish('two')
        const sawThere = `Then ${there[0]?.id} was published in the other room. Your server sent to the client of this room:`
        await expectMessages(trial, elsewhere, there, { saw: sawThere, hint: 'another-room' })
      },
      async 'where-it-begins'(trial) {
        const events = await trial.publish(...NINE, 'ten', 'eleven')
        const [ninth, tenth, last] = events.slice(8)
        const streams = [
          { what: 'came for the first time', missed: [], hint: 'not-from-now', stream: await open(trial, '') },
          {
            what: `reconnected with Last-Event-ID: ${ninth?.id}`,
            missed: events.slice(9),
            hint: 'not-from-there',
            stream: await open(trial, '', { 'Last-Event-ID': ninth?.id ?? '' }),
          },
          {
            what: `reconnected with Last-Event-ID: ${tenth?.id} to its first address, ?after=${ninth?.id}`,
            missed: events.slice(10),
            hint: 'not-from-there',
            stream: await open(trial, `?after=${ninth?.id}`, { 'Last-Event-ID': tenth?.id ?? '' }),
          },
          {
            what: 'asked for the last message',
            missed: events.slice(10),
            hint: 'not-from-there',
            stream: await open(trial, '?last=1'),
          },
        ]
        for (const { what, missed, hint, stream } of streams) {
          const saw = `A client ${what} when ${last?.id} was the last message. Your server sent:`
          await expectMessages(trial, stream, missed, { saw, hint: (seen) => (seen === 'repeated' ? 'twice' : hint) })
        }
        const next = await trial.publish('twelve')
        for (const { what, missed, hint, stream } of streams) {
          const saw = `A client ${what}. After that, ${next[0]?.id} was published. Your server sent:`
          await expectMessages(trial, stream, [...missed, ...next], {
            saw,
            hint: (seen) => (seen === 'repeated' ? 'twice' : hint),
          })
        }
        for (const id of ['older.7', 'garb age']) {
          const stream = await open(trial, '', { 'Last-Event-ID': id })
          const saw = `A client reconnected with Last-Event-ID: ${id}, which points nowhere. Your server sent:`
          await waitFor(trial, stream, () => stream.read.events.length > 0 || stream.soFar.status >= 400, {
            saw,
            hint: 'no-gap',
          })
          if (stream.read.events[0]?.type === 'gap') continue
          const { bytes, bodyAt } = stream.shown
          throw new Wrong({
            saw,
            bytes: bytes.trimEnd(),
            at: Math.min(bodyAt, bytes.length),
            wanted: 'event: gap',
            hint: 'no-gap',
          })
        }
      },
      async 'stays-open'(trial) {
        const [first] = await trial.publish('one')
        const streams = [await listen(trial, first?.id), await listen(trial, first?.id)]
        await trial.tick(QUIET_MS)
        await settled(trial)
        for (const stream of streams) {
          const { bytes, bodyAt } = stream.shown
          const saw = `Nothing was published for ${QUIET_MS / 60_000} minutes. Your server sent:`
          if (stream.exchange) throw new Wrong({ saw, bytes, at: bytes.length, wanted: 'no end yet', hint: 'ended' })
          const [event] = stream.read.events
          if (event)
            throw new Wrong({
              saw,
              bytes: bytes.trimEnd(),
              at: bodyAt + event.at,
              wanted: 'no event',
              hint: 'an-event',
            })
        }
      },
      async 'a-client-that-left'(trial) {
        const [first] = await trial.publish('one')
        const leaves = await listen(trial, first?.id)
        const stays = await listen(trial, first?.id)
        const both = (await trial.reads()).following
        leaves.leave('FIN')
        // A program with one follower for the whole room keeps it.
        if (both > 1) await expectFollowers(trial, both - 1, 'A client left', 'still-followed')
        const published = await trial.publish('two')
        const saw = `One of two clients left, and then ${published[0]?.id} was published. Your server sent to the other client:`
        await expectMessages(trial, stays, published, { saw, hint: 'others-too' })
        stays.leave('RST')
        await expectFollowers(trial, 0, 'Two clients came and left', 'still-followed')
        const timers = await trial.timers()
        for (let i = 0; i < 3; i++) {
          const short = await listen(trial, first?.id)
          short.leave('RST')
          await expectFollowers(trial, 0, 'A client came and left', 'still-followed')
        }
        const left = (await trial.timers()) - timers
        // A program may have one timer for all clients.
        if (left > 1)
          throw new Wrong({
            saw: `Three clients came and left, and ${left} timers of your program still ran for them.`,
            hint: 'timer-runs',
          })
        await leaveDuringRead(trial, `/feed/${trial.room}/sse?after=${first?.id}`)
        await expectFollowers(trial, 0, 'A client left while your server looked up its cursor', 'left-before')
      },
      async 'if-the-feed-fails'(trial) {
        const [first] = await trial.publish('one')
        const stream = await listen(trial, first?.id)
        await trial.failFollowers()
        if (await trial.until('the stream is over', () => stream.exchange).catch(() => false)) return
        const { bytes } = stream.shown
        const saw = 'The feed called `failed`, because it could not continue. Your server left the stream open:'
        throw new Late({ saw, bytes, at: bytes.length, wanted: 'the end', hint: 'kept-open' })
      },
      async goodbye(trial) {
        // A retry time that is wrong only now and then is wrong every time.
        await trial.fixRandom(0.1)
        const [first] = await trial.publish('one')
        const streams = [await listen(trial, first?.id), await listen(trial, first?.id)]
        const leaves = await listen(trial, first?.id)
        const following = (await trial.reads()).following
        leaves.leave()
        // A program with one follower for the whole room keeps it.
        if (following > 1) await expectFollowers(trial, following - 1, 'A client left', 'remembered')
        await settled(trial)
        const kept = await keepAlive(trial, first?.id)
        const [{ toNobody }, { stoppedAgain }] = [await trial.sent(), await trial.reads()]
        await trial.goodbye()
        const after = await trial.sent()
        const again = (await trial.reads()).stoppedAgain - stoppedAgain
        for (const stream of streams) {
          await trial.until('the stream is over', () => stream.exchange).catch(() => {})
          const { bytes, bodyAt } = stream.shown
          const at = bytes.length
          if (!stream.exchange) {
            const saw = 'The server announced that it stops while three streams were open, and one of them stayed open:'
            throw new Late({ saw, bytes, at, wanted: 'the end', hint: 'left-open' })
          }
          if (stream.exchange.ended !== 'whole') {
            const saw = 'The server announced that it stops, and the connection was cut:'
            throw new Wrong({ saw, bytes, at, wanted: 'the end of the response', hint: 'cut-off' })
          }
          const saw = 'The server announced that it stops. Your server sent:'
          const [event] = stream.read.events
          if (event)
            throw new Wrong({
              saw,
              bytes: bytes.trimEnd(),
              at: bodyAt + event.at,
              wanted: 'no event',
              hint: 'an-event',
            })
          if (!/(?:^|[\r\n])retry: ?\d+[\r\n]+$/.test(stream.soFar.body))
            throw new Wrong({
              saw,
              bytes: bytes.trimEnd(),
              at: bytes.trimEnd().length,
              wanted: 'retry: …',
              hint: 'without-retry',
            })
        }
        if (!(await trial.until('the connection is closed', () => kept.closed).catch(() => false)))
          throw new Wrong({
            saw: 'The server announced that it stops. Your server ended the response of a client, and left its connection open for the next request.',
            hint: 'connection-open',
          })
        if (after.toNobody === toNobody && again === 0) return
        throw new Wrong({
          saw: 'A client had left before the server announced that it stops, and your transport ended its stream all the same.',
          hint: 'remembered',
        })
      },
    }),
  },
]

/** Opens a stream over a connection that stays open after its response, as the connections of browsers do. */
async function keepAlive(trial: Trial, after: string | undefined): Promise<{ readonly closed: boolean }> {
  const before = await trial.reads()
  const state = { closed: false, received: '' }
  const socket = trial.socket().on('close', () => (state.closed = true))
  socket.on('data', (bytes: Buffer) => (state.received += bytes.toString('latin1')))
  socket.write(`GET /feed/${trial.room}/sse?after=${after} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  await trial.until('the program serves the stream', async () => {
    const { asked, followed } = await trial.reads()
    return state.received !== '' || asked > before.asked || followed > before.followed
  })
  await settled(trial)
  return state
}
