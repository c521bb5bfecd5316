import { WebSocket } from 'ws'
import { converse, expectNext, expectQuiet, isAlive } from '../kit/conversation.ts'
import type { Mismatch, Conversation } from '../kit/conversation.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/finding.ts'
import { expectFollowers } from '../kit/followers.ts'
import { fieldOf, parsed } from '../kit/json.ts'
import { settled } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'
import { NO_WELCOME, OTHER_WELCOME, words } from './hints.ts'

/** Connects without a path, and expects the welcome. */
async function meet(trial: Trial): Promise<Conversation> {
  const talk = await converse(trial, '/')
  const saw = 'A client opened a WebSocket, and sent nothing yet:'
  const hint = (mismatch: Mismatch) => (mismatch === 'nothing' ? NO_WELCOME : OTHER_WELCOME)
  await expectNext(trial, talk, { type: 'connected', message: 'WebSocket connected' }, { saw, hint })
  return talk
}

/** Connects to a room, and expects the welcome. */
async function enter(trial: Trial, after: string | undefined, room = trial.room): Promise<Conversation> {
  const talk = await converse(trial, `/feed/${room}/ws?after=${after}`)
  const saw = `A client opened a WebSocket in ${room}:`
  const wanted = { type: 'connected', message: 'WebSocket connected', room, cursor: /./ }
  await expectNext(trial, talk, wanted, { saw, hint: OTHER_WELCOME })
  return talk
}

/** Expects the connection to be open still, and a ping to get a pong. */
async function stillAnswers(trial: Trial, talk: Conversation, saw: string): Promise<void> {
  const hint = (mismatch: Mismatch) => (mismatch === 'closed' ? 'closed' : mismatch === 'nothing' ? 'deaf' : 'twice')
  talk.say({ type: 'ping' })
  await expectNext(trial, talk, { type: 'pong' }, { saw: `${saw} Then the client sent a ping:`, hint })
}

/** Expects an error for each message, and an open connection afterwards. The text of the error has to match `named`. */
async function refuses(trial: Trial, said: readonly (readonly [message: unknown, named: RegExp])[]): Promise<void> {
  const talk = await meet(trial)
  for (const [message, named] of said) {
    talk.say(message)
    const saw = 'A client sent a message that your server does not know. Your server responded:'
    const hint = (mismatch: Mismatch) =>
      mismatch === 'nothing'
        ? 'silent'
        : mismatch === 'closed'
          ? 'closed'
          : mismatch === 'another value'
            ? 'not-named'
            : 'no-error'
    await expectNext(trial, talk, { type: 'error', message: named }, { saw, hint })
  }
  await stillAnswers(trial, talk, 'Your server responded with an error.')
}

/** Expects the confirmation of a message that this client sent, and the event itself, in any order. Returns its id. */
async function expectOwn(
  trial: Trial,
  talk: Conversation,
  { room, text, key }: { readonly room: string; readonly text: string; readonly key?: string },
  hint: string,
): Promise<string> {
  const saw = `A client in ${room} sent a message. Your server responded:`
  await trial.until('both are here', () => talk.untaken.length > 1).catch(() => {})
  const isAccepted = talk.untaken.some((one) => one.includes('"accepted"'))
  const wanted = { type: 'accepted', id: /./, ...(key !== undefined && { key }) }
  const accepted = talk.untaken.map(parsed).find((one) => fieldOf(one, 'type') === 'accepted')
  const id = fieldOf(accepted, 'id')
  if (!isAccepted || typeof id !== 'string' || fieldOf(accepted, 'key') !== key)
    await expectNext(trial, talk, wanted, { saw, hint: 'not-accepted' })
  // The event may come before the confirmation, or after it.
  if (fieldOf(parsed(talk.untaken[0] ?? ''), 'type') === 'accepted') talk.take()
  const sawOwn = `A client in ${room} sent a message, and your server confirmed it with the id ${String(id)}. The client received:`
  await expectNext(trial, talk, { type: 'message', id: String(id), room, text }, { saw: sawOwn, hint })
  if (fieldOf(parsed(talk.untaken[0] ?? ''), 'type') === 'accepted') talk.take()
  return String(id)
}

/** Texts with characters that something may change on the way. */
const TEXTS = ['say "hi"', 'a\\b\r\nc\td', '<b>&amp;</b>', '\u2028 e\u0301 \ud83d\ude00 \u0000']

const CLOSE_CODES = new Set([1001, 1012])

export const exercises: readonly Exercise[] = [
  {
    name: 'ws',
    hosted: { kind: 'transport', exported: 'ws' },
    checks: checksFrom(words.ws, {
      async welcome(trial) {
        const talk = await meet(trial)
        const observed = { saw: 'A client got the welcome. After that, it received:', hint: OTHER_WELCOME }
        await expectQuiet(trial, talk, observed)
      },
      async ping(trial) {
        const talk = await meet(trial)
        const hint = (mismatch: Mismatch) => (mismatch === 'nothing' ? 'silent' : 'other')
        for (let i = 0; i < 2; i++) {
          talk.say({ type: 'ping' })
          await expectNext(trial, talk, { type: 'pong' }, { saw: 'A client sent a ping. Your server responded:', hint })
        }
      },
      'no-json': (trial) => refuses(trial, [['hello', /json|hello/i]]),
      'unknown-type': (trial) => refuses(trial, [[{ type: 'dance' }, /dance/]]),
      anything: (trial) =>
        refuses(
          trial,
          [
            null,
            42,
            'ping',
            ['ping'],
            [{ type: 'ping' }],
            {},
            { type: null },
            { type: ['ping'] },
            { type: 'constructor' },
            { type: '__proto__' },
            // A text cannot be made of this type.
            { type: { toString: 0 } },
            { type: 'message', user: 'Ada', text: 'there is no room' },
          ].map((message) => [typeof message === 'string' ? JSON.stringify(message) : message, /./] as const),
        ),
      async 'for-one-alone'(trial) {
        const [one, other] = [await meet(trial), await meet(trial)]
        one.say('hello')
        const saw = 'One of two clients sent invalid JSON. It received:'
        await expectNext(trial, one, { type: 'error' }, { saw, hint: 'silent' })
        const observed = {
          saw: 'One of two clients sent invalid JSON. The other client received:',
          hint: 'sent-to-all',
        }
        await expectQuiet(trial, other, observed)
        one.say({ type: 'ping' })
        await expectNext(
          trial,
          one,
          { type: 'pong' },
          { saw: 'One of two clients sent a ping. It received:', hint: 'deaf' },
        )
        await expectQuiet(trial, other, {
          saw: 'One of two clients sent a ping. The other client received:',
          hint: 'sent-to-all',
        })
      },
      async 'as-published'(trial) {
        const [first] = await trial.publish('one')
        const talk = await enter(trial, first?.id)
        const hint = (mismatch: Mismatch) => (mismatch === 'nothing' || mismatch === 'closed' ? 'nothing' : 'other')
        for (const texts of [['two'], ['three', 'four', 'five'], TEXTS]) {
          const published = await trial.publish(...texts)
          const ids = published.map(({ id }) => id)
          const what = ids.length > 1 ? `${ids[0]} to ${ids.at(-1)} were` : `${ids[0]} was`
          const saw = `The client is in ${trial.room}, and ${what} published. Your server sent:`
          for (const { type, id, ...rest } of published) {
            const observed = {
              saw,
              hint: (mismatch: Mismatch) => (mismatch === 'no JSON' ? 'changed' : hint(mismatch)),
            }
            const message = await expectNext(trial, talk, { type, id }, observed)
            for (const [name, value] of Object.entries(rest)) {
              if (message[name] === value) continue
              const wanted = `"${name}":${JSON.stringify(value)}`
              throw new Wrong({ saw, ...talk.shown(), wanted, hint: 'changed' })
            }
          }
          await expectQuiet(trial, talk, { saw, hint })
        }
      },
      async 'after-its-cursor'(trial) {
        const [first, second, third] = await trial.publish('one', 'two', 'three')
        const talk = await enter(trial, first?.id)
        const saw = `The client has ${first?.id}; ${second?.id} and ${third?.id} were published before it connected. Your server sent:`
        const hint = (mismatch: Mismatch) => (mismatch === 'another value' ? 'too-much' : 'from-now-on')
        for (const event of [second, third])
          await expectNext(trial, talk, { type: 'message', id: event?.id ?? '' }, { saw, hint })
        const more = await trial.publish(...Array.from({ length: 9 }, (_, i) => `more ${i}`))
        const [eleventh, twelfth] = more.slice(-2)
        const late = await enter(trial, eleventh?.id)
        const sawLate = `The client has ${eleventh?.id}; only ${twelfth?.id} was published after it. Your server sent:`
        await expectNext(trial, late, { type: 'message', id: twelfth?.id ?? '' }, { saw: sawLate, hint })
      },
      async 'a-gap'(trial) {
        const [first] = await trial.publish('one')
        await trial.publishAndDropDuringRead('two', 'three')
        const talk = await enter(trial, first?.id)
        const saw = `The client has ${first?.id}. While it connected, two messages were published, and all but the last one were dropped. Your server sent:`
        const hint = (mismatch: Mismatch) => (mismatch === 'another value' ? 'no-cursor' : 'not-told')
        const gap = await expectNext(trial, talk, { type: 'gap', room: trial.room, cursor: /./ }, { saw, hint })
        const again = await enter(trial, String(gap['cursor']))
        const sawAgain =
          'A client returned with the cursor of the gap. Only the last message is still there. Your server sent:'
        await expectNext(trial, again, { type: 'message', text: 'three' }, { saw: sawAgain, hint: 'no-cursor' })
        const lost = await enter(trial, 'older.7')
        const sawLost = 'A client came with the cursor of an older epoch. After the welcome, it received:'
        const report = {
          saw: sawLost,
          hint: (of: Mismatch) => (of === 'another value' ? 'no-cursor' : 'not-told-at-once'),
        }
        await expectNext(trial, lost, { type: 'gap', room: trial.room, cursor: /./ }, report)
        await expectNext(trial, lost, { type: 'message', text: 'three' }, { saw: sawLost, hint: 'no-cursor' })
      },
      async 'if-the-feed-fails'(trial) {
        const talk = await enter(trial, '0')
        await trial.failFollowers()
        await trial.until('it is closed', () => talk.closed).catch(() => {})
        const saw = 'The feed called `failed`, because it could not continue. A client of the room received:'
        await expectClosed(trial, talk, saw, 'kept-open')
      },
      async 'rooms-apart'(trial) {
        const [first] = await trial.publish('one')
        const nowhere = await meet(trial)
        const here = [await enter(trial, first?.id), await enter(trial, first?.id)]
        const elsewhere = await enter(trial, '0', 'elsewhere')
        const [second] = await trial.publish('two')
        const saw = `${second?.id} was published in ${trial.room}. A client of ${trial.room} received:`
        for (const talk of here) {
          await expectNext(trial, talk, { type: 'message', id: second?.id ?? '' }, { saw, hint: 'one-place' })
          await expectQuiet(trial, talk, { saw, hint: 'twice' })
        }
        const sawElsewhere = `${second?.id} was published in ${trial.room}. A client of another room received:`
        await expectQuiet(trial, elsewhere, { saw: sawElsewhere, hint: 'another-room' })
        const sawNowhere = `${second?.id} was published in ${trial.room}. A client in no room received:`
        await expectQuiet(trial, nowhere, { saw: sawNowhere, hint: 'another-room' })
        for (const [talk, room] of [
          [here[0], trial.room],
          [elsewhere, 'elsewhere'],
        ] as const) {
          talk?.say({ type: 'message', user: 'Ada', text: `to ${room}` })
          if (talk) await expectOwn(trial, talk, { room, text: `to ${room}` }, 'its-own-room')
          if (room === 'elsewhere') continue
          const saw = `A client in ${room} sent a message. A client in another room received:`
          await settled(trial)
          const isConfirmed = elsewhere.untaken.some((one) => one.includes('"accepted"'))
          await expectQuiet(trial, elsewhere, { saw, hint: isConfirmed ? 'sent-to-all' : 'another-room' })
        }
      },
      async says(trial) {
        const { room } = trial
        const [first] = await trial.publish('one')
        const [talk, other] = [await enter(trial, first?.id), await enter(trial, first?.id)]
        talk.say({ type: 'message', user: 'Ada' })
        const hint = (mismatch: Mismatch) =>
          mismatch === 'closed'
            ? 'closed'
            : mismatch === 'nothing'
              ? 'silent'
              : mismatch === 'another value'
                ? 'not-named'
                : 'no-error'
        const sawNo = 'A client sent a message without a text. Your server responded:'
        await expectNext(trial, talk, { type: 'error', message: /text/ }, { saw: sawNo, hint })
        talk.say({ type: 'message', user: 'Ada', text: 'hello', key: 'a' })
        const id = await expectOwn(trial, talk, { room, text: 'hello', key: 'a' }, 'not-sent-back')
        const observed = { saw: 'A client sent a message. Another client of the room received:', hint: 'not-received' }
        await expectNext(trial, other, { type: 'message', id, room, user: 'Ada', text: 'hello' }, observed)
        const sawOther =
          'A client sent a message, and your server confirmed it. Another client of the room also received:'
        await expectQuiet(trial, other, { saw: sawOther, hint: 'sent-to-all' })
        const late = await enter(trial, first?.id)
        const sawLate = 'A client sent a message. A client that connected after it, with an older cursor, received:'
        await expectNext(trial, late, { type: 'message', id, text: 'hello' }, { saw: sawLate, hint: 'not-stored' })
        const followers = (await trial.reads()).following
        for (let i = 0; i < 3; i++) {
          talk.say({ type: 'ping' })
          const saw = 'A client in a room sent a ping. Your server responded:'
          await expectNext(trial, talk, { type: 'pong' }, { saw, hint: 'deaf' })
        }
        const { following } = await trial.reads()
        if (following > followers)
          throw new Wrong({
            saw: `A client sent three pings. Before them ${followers} listeners followed the feed, and after them ${following}.`,
            hint: 'follows-again',
          })
      },
      async 'a-breach'(trial) {
        const stays = await meet(trial)
        for (const breaks of [await meet(trial), await enter(trial, '0')]) {
          breaks.say(Buffer.alloc(17 * 1024, 'x'))
          await trial.until('it is closed', () => breaks.closed).catch(() => {})
          await expectClosed(trial, breaks, 'One of two clients sent 17 KiB in one message:', 'not-closed')
        }
        stays.say({ type: 'ping' })
        const saw = 'One of two clients broke the protocol. The other client sent a ping:'
        await expectNext(trial, stays, { type: 'pong' }, { saw, hint: 'others-too' })
      },
      async 'a-client-that-left'(trial) {
        const [first] = await trial.publish('one')
        const leaves = await enter(trial, first?.id)
        const stays = await enter(trial, first?.id)
        const both = (await trial.reads()).following
        leaves.socket.close()
        // A program with one follower for the whole room keeps it.
        if (both > 1) await expectFollowers(trial, both - 1, 'A client left', 'still-followed')
        const [second] = await trial.publish('two')
        const saw = `One of two clients left, and then ${second?.id} was published. Your server sent to the other client:`
        await expectNext(trial, stays, { type: 'message', id: second?.id ?? '' }, { saw, hint: 'others-too' })
        // Sends no close frame, as if the client's process had ended.
        stays.socket.terminate()
        await expectFollowers(trial, 0, 'Two clients came and left', 'still-followed')
        const hasty = Array.from({ length: 10 }, () => trial.websocket(`/feed/${trial.room}/ws?after=${first?.id}`))
        // Leaves as soon as the handshake is done.
        for (const socket of hasty) socket.on('upgrade', () => setImmediate(() => socket.terminate()))
        await trial.until('they are gone', () => hasty.every(({ readyState }) => readyState === WebSocket.CLOSED))
        await settled(trial)
        await expectFollowers(trial, 0, 'Ten clients connected and left at once', 'still-followed')
      },
      async goodbye(trial) {
        const talks = [await meet(trial), await enter(trial, '0'), await enter(trial, '0')]
        await trial.goodbye()
        for (const talk of talks) {
          await trial.until('it is closed', () => talk.closed).catch(() => {})
          const saw = 'The server announced that it stops while three connections were open. One of them received:'
          await expectClosed(trial, talk, saw, 'left-open')
          const { code = 0 } = talk.closed ?? {}
          if (CLOSE_CODES.has(code)) continue
          const { bytes } = talk.shown()
          const at = bytes.lastIndexOf('code: ') + 'code: '.length
          throw new Wrong({ saw, bytes, at, wanted: '1012', hint: code === 1006 ? 'cut-off' : 'all-is-well' })
        }
      },
    }),
  },
]

async function expectClosed(trial: Trial, talk: Conversation, saw: string, hint: string): Promise<void> {
  // Throws if the process has ended, because then this is what a student has to know.
  await isAlive(trial)
  if (talk.closed) return
  const bytes = `${talk.shown().bytes}\n`
  throw new Late({ saw, bytes, at: bytes.length, wanted: 'the end of the connection', hint })
}
