import type { Exercise } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/exercise.ts'
import { expectEventStream, expectMessages, openStream, taken } from '../kit/stream.ts'
import type { Stream } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'

/** A client that has everything there is, and listens for more. */
async function listen(trial: Trial, after: string | undefined, room = trial.room): Promise<Stream> {
  const before = await trial.reads()
  const stream = openStream(trial, `/feed/${room}/sse?after=${after}`)
  await taken(trial, stream, before)
  return stream
}

/** Resolves when the feed is followed no more than so many times. */
async function followersGo(trial: Trial, wanted: number, what: string): Promise<void> {
  const gone = trial.until('they are gone', async () => (await trial.reads()).following <= wanted)
  if (await gone.catch(() => false)) return
  const { following } = await trial.reads()
  const listeners = following === 1 ? 'one listener' : `${following} listeners`
  const saw = `${what}, and ${listeners} of yours still followed the feed, where there should be ${wanted || 'none'}.`
  throw new Wrong({ saw, hint: 'still-followed' })
}

export const exercises: readonly Exercise[] = [
  {
    name: 'sse',
    hosted: { kind: 'transport', exported: 'sse' },
    checks: [
      {
        name: 'an-event-stream',
        title: 'Answers with an event stream',
        hints: {
          nothing: [
            'A client asked for the stream, a message was published, and not a byte came.',
            'Look at what happens behind reply.hijack: who writes the head now?',
            'Whoever takes an answer over from the framework writes all of it: the status, the headers, every byte of the body.',
          ],
          'other-type': [
            'The answer does not say that it is an event stream, and a browser closes it for good.',
            'Look at the status and the headers with which you begin; the file has them ready.',
            'The content type is how a client knows that this answer goes on (WHATWG HTML, section 9.2.3).',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const stream = await listen(trial, first?.id)
          await trial.publish('two')
          const hint = () => (stream.soFar.status === 0 ? 'nothing' : 'other-type')
          await expectEventStream(trial, stream, { saw: 'A client asked for the stream. You answered:', hint })
        },
      },
      {
        name: 'as-it-happens',
        title: 'Sends each message when it is published, in one answer',
        hints: {
          nothing: [
            'The stream was open, a message was published, and it did not come.',
            'Look at what you follow the feed with: the room, the place where reading begins, and what is done with each batch.',
            'A stream lives on what the feed calls when something is published. Nobody asks for it again.',
          ],
          ended: [
            'The stream was over before all messages had come.',
            'Look for what ends the answer: send, end, or a return of something.',
            'An answer that ends with each message is a long poll. What makes it a stream is that it goes on.',
          ],
          other: [
            'Messages came, and not each of them once and in order.',
            'Look at how often you follow the feed for one client, and from where.',
            'A client gets what lies behind its cursor, once: not what it has already.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const stream = await listen(trial, first?.id)
          const hint = (seen: string) => (seen !== 'missing' ? 'other' : stream.exchange ? 'ended' : 'nothing')
          const second = await trial.publish('two')
          const saw = `The client has ${first?.id}, and ${second[0]?.id} was published. You wrote:`
          await expectMessages(trial, stream, second, { saw, hint })
          const third = await trial.publish('three')
          const sawThird = `The client has ${second[0]?.id} as well now, and ${third[0]?.id} was published. You wrote:`
          await expectMessages(trial, stream, [...second, ...third], { saw: sawThird, hint })
        },
      },
      {
        name: 'head-at-once',
        title: 'Is open before there is anything to say',
        hints: {
          'held-back': [
            'The head of the answer was at the client only when a message was published.',
            'Look at what follows the head: is there anything that sends it off?',
            'Node keeps a head back until the first bytes of the body, to send both in one packet. In a quiet room that may be in an hour, and until then the browser says "connecting".',
          ],
          never: [
            'The client never got the head of the answer.',
            'Look for the place where the head is written, and at what has to happen before it is reached.',
            'A stream is open when its head is there. Whether there is anything to say is another question.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const stream = await listen(trial, first?.id)
          const isHere = () => stream.soFar.status > 0
          if (await trial.until('the head is here', isHere).catch(() => false)) return
          await trial.publish('two')
          const cameWithIt = await trial.until('the head is here', isHere).catch(() => false)
          const saw = 'A client asked for the stream of a quiet room, and got nothing'
          throw new Late({
            saw: cameWithIt ? `${saw} until a message was published. Then it got:` : `${saw}:`,
            bytes: stream.shown.bytes.trimEnd(),
            at: stream.shown.bytes.indexOf('\n\n') + 2,
            wanted: 'at once',
            hint: cameWithIt ? 'held-back' : 'never',
          })
        },
      },
      {
        name: 'a-whole-commit',
        title: 'Sends all messages of one commit',
        hints: {
          'first-only': [
            'Three messages were published in one go, and the client did not get all of them.',
            'Look at what the feed hands you: is it one message, or a list?',
            'A feed tells of commits, and a commit may hold many messages. What is left out of a stream is never asked for again.',
          ],
          other: [
            'Three messages were published in one go, and the client got something else.',
            'Look at how the bytes of several messages are put together.',
            'Each message is an event of its own, ended by its own blank line, in the order of the feed.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const stream = await listen(trial, first?.id)
          const published = await trial.publish('two', 'three', 'four')
          const saw = `${published[0]?.id} to ${published[2]?.id} were published in one go. You wrote:`
          const hint = (seen: string) => (seen === 'missing' ? 'first-only' : 'other')
          await expectMessages(trial, stream, published, { saw, hint })
        },
      },
      {
        name: 'every-client',
        title: 'Tells every client of the room',
        hints: {
          'one-place': [
            'Three clients listened, a message came, and not all of them were told.',
            'Look at where you keep the stream of a client: is there one place for all, or one for each?',
            'A room is a set of clients. Who comes is added to it, and nobody is pushed out.',
          ],
          other: [
            'Three clients listened, a message came, and one of them was not told of it once.',
            'Look at how often one client is written to for one message.',
            'To broadcast is to write to each client of the set once.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const streams = [
            await listen(trial, first?.id),
            await listen(trial, first?.id),
            await listen(trial, first?.id),
          ]
          const published = await trial.publish('two')
          const hint = (seen: string) => (seen === 'missing' ? 'one-place' : 'other')
          for (const [i, stream] of streams.entries()) {
            const who = ['first', 'second', 'third'][i]
            const saw = `Three clients listened, and ${published[0]?.id} was published. To the ${who} of them you wrote:`
            await expectMessages(trial, stream, published, { saw, hint })
          }
        },
      },
      {
        name: 'rooms-apart',
        title: 'Tells nobody in another room',
        hints: {
          'another-room': [
            'A message was published in one room, and a client of another room got it.',
            'Look at whom you write to: are these the clients of this room?',
            'What is said in a room stays in it. Who writes to all clients there are has one room with many names.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const here = await listen(trial, first?.id)
          const elsewhere = await listen(trial, '0', 'elsewhere')
          const published = await trial.publish('two')
          const told = {
            saw: `${published[0]?.id} was published. To a client of the room you wrote:`,
            hint: 'another-room',
          }
          await expectMessages(trial, here, published, told)
          const saw = `${published[0]?.id} was published in ${trial.room}. To a client of another room you wrote:`
          await expectMessages(trial, elsewhere, [], { saw, hint: 'another-room' })
        },
      },
      {
        name: 'a-client-that-left',
        title: 'Forgets a client that has left, and no other',
        hints: {
          'still-followed': [
            'A client had closed its connection, and you went on following the feed for it.',
            'Look for what tells you that a client has gone: the response has an event for it.',
            'A closed page sends no farewell. Who does not notice writes to the dead, and each message takes longer than the one before.',
          ],
          'others-too': [
            'One of two clients left, and the other one was not told of the next message.',
            'Look at what you take away when a connection closes: is it that client’s own?',
            'What a client takes along is what was made for it: its listener, its place in the set. The rest belongs to others.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const leaves = await listen(trial, first?.id)
          const stays = await listen(trial, first?.id)
          const both = (await trial.reads()).following
          leaves.leave('FIN')
          // Who has one follower for the whole room keeps it.
          if (both > 1) await followersGo(trial, both - 1, 'A client left')
          const published = await trial.publish('two')
          const saw = `One of two clients left, and then ${published[0]?.id} was published. To the other you wrote:`
          await expectMessages(trial, stays, published, { saw, hint: 'others-too' })
          stays.leave('RST')
          await followersGo(trial, 0, 'Two clients came and left')
        },
      },
      {
        name: 'goodbye',
        title: 'Ends every stream when the server stops',
        hints: {
          'left-open': [
            'The server was about to stop, and you left a stream open.',
            'Look at the function that serve returns: whom does it know?',
            'A server that stops waits for its answers to end, and a stream does not end by itself. Who is told to go comes back to the next process.',
          ],
          'cut-off': [
            'The server was about to stop, and you cut the connection in the middle of the answer.',
            'Look at how you close: an answer has an end of its own.',
            'A cut connection looks like a fault on the way. An answer that ends says that nothing is missing.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const streams = [await listen(trial, first?.id), await listen(trial, first?.id)]
          await trial.goodbye()
          for (const stream of streams) {
            await trial.until('the stream is over', () => stream.exchange).catch(() => {})
            const { bytes } = stream.shown
            const at = bytes.length
            if (!stream.exchange) {
              const saw = 'The server said goodbye while two streams were open, and one of them stayed open:'
              throw new Late({ saw, bytes, at, wanted: 'the end', hint: 'left-open' })
            }
            if (stream.exchange.ended !== 'whole') {
              const saw = 'The server said goodbye, and the connection was cut:'
              throw new Wrong({ saw, bytes, at, wanted: 'the end of the answer', hint: 'cut-off' })
            }
          }
        },
      },
    ],
  },
]
