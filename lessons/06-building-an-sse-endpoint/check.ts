import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/finding.ts'
import { expectEventStream, expectMessages, openStream, taken } from '../kit/stream.ts'
import type { HeadFault } from '../kit/stream.ts'
import type { Stream } from '../kit/stream.ts'
import { expectFollowers } from '../kit/followers.ts'
import type { Trial } from '../kit/trial.ts'
import { words } from './hints.ts'

/** Opens the stream of a client that has every event up to `after`, and returns it when the program serves it. */
async function listen(trial: Trial, after: string | undefined, room = trial.room): Promise<Stream> {
  const before = await trial.reads()
  const stream = openStream(trial, `/feed/${room}/sse?after=${after}`)
  await taken(trial, stream, before)
  return stream
}

export const exercises: readonly Exercise[] = [
  {
    name: 'sse',
    hosted: { kind: 'transport', exported: 'sse' },
    checks: checksFrom(words.sse, {
      async 'an-event-stream'(trial) {
        const [first] = await trial.publish('one')
        const stream = await listen(trial, first?.id)
        await trial.publish('two')
        const hint = (fault: HeadFault) =>
          stream.soFar.status === 0 ? 'nothing' : fault === 'another status' ? 'other-status' : 'other-type'
        await expectEventStream(trial, stream, { saw: 'A client asked for the stream. Your server responded:', hint })
      },
      async 'as-it-happens'(trial) {
        const [first] = await trial.publish('one')
        const stream = await listen(trial, first?.id)
        const hint = (seen: string) => (seen !== 'missing' ? 'other' : stream.exchange ? 'ended' : 'nothing')
        const second = await trial.publish('two')
        const saw = `The client has ${first?.id}, and ${second[0]?.id} was published. Your server sent:`
        await expectMessages(trial, stream, second, { saw, hint })
        const third = await trial.publish('three')
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
        const elsewhere = await listen(trial, '0', 'elsewhere')
        const published = await trial.publish('two')
        const hereOnly = {
          saw: `${published[0]?.id} was published. Your server sent to a client of the room:`,
          hint: 'another-room',
        }
        await expectMessages(trial, here, published, hereOnly)
        const saw = `${published[0]?.id} was published in ${trial.room}. Your server sent to a client of another room:`
        await expectMessages(trial, elsewhere, [], { saw, hint: 'another-room' })
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
      },
      async goodbye(trial) {
        const [first] = await trial.publish('one')
        const streams = [await listen(trial, first?.id), await listen(trial, first?.id)]
        await trial.goodbye()
        for (const stream of streams) {
          await trial.until('the stream is over', () => stream.exchange).catch(() => {})
          const { bytes } = stream.shown
          const at = bytes.length
          if (!stream.exchange) {
            const saw = 'The server announced that it stops while two streams were open, and one of them stayed open:'
            throw new Late({ saw, bytes, at, wanted: 'the end', hint: 'left-open' })
          }
          if (stream.exchange.ended !== 'whole') {
            const saw = 'The server announced that it stops, and the connection was cut:'
            throw new Wrong({ saw, bytes, at, wanted: 'the end of the response', hint: 'cut-off' })
          }
        }
      },
    }),
  },
]
