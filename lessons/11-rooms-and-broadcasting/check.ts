import { converse, expectNext, expectQuiet } from '../kit/conversation.ts'
import type { Mismatch, Conversation } from '../kit/conversation.ts'
import { shown } from '../kit/expect.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Wrong } from '../kit/finding.ts'
import { settled } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'
import { NO_WELCOME, NOT_JOINED, words } from './hints.ts'

/** Connects without a path, and expects the welcome. */
async function meet(trial: Trial): Promise<Conversation> {
  const talk = await converse(trial, '/')
  await expectNext(trial, talk, { type: 'connected' }, { saw: 'A client opened a WebSocket:', hint: NO_WELCOME })
  return talk
}

async function joins(trial: Trial, talk: Conversation, boardId: string): Promise<void> {
  talk.say({ type: 'join', boardId })
  const saw = `A client asked to join ${boardId}. Your server responded:`
  await expectNext(trial, talk, { type: 'joined', boardId }, { saw, hint: NOT_JOINED })
}

/** Connects clients that join the room, and discards what they received so far. */
async function inRoom(trial: Trial, count: number, room = trial.room): Promise<readonly Conversation[]> {
  const talks: Conversation[] = []
  for (let i = 0; i < count; i++) {
    const talk = await meet(trial)
    await joins(trial, talk, room)
    talks.push(talk)
  }
  await settled(trial)
  for (const talk of talks) while (talk.take() !== undefined);
  return talks
}

const says = (talk: Conversation, boardId: string, text: string) => talk.say({ type: 'message', boardId, text })

interface Counts {
  readonly rooms?: Readonly<Record<string, number>>
  readonly chat?: number
}

/** Waits until the server's own count is the wanted one; throws `Wrong` if it never is. */
async function expectCount(
  trial: Trial,
  countOf: (counts: Counts) => number,
  wanted: number,
  observed: { readonly saw: string; readonly place: string; hint(found: number): string },
): Promise<void> {
  let answer = await trial.get('/')
  const found = () => countOf((answer.json ?? {}) as Counts)
  const came = trial.until('the count is right', async () => {
    answer = await trial.get('/')
    return found() === wanted
  })
  if (await came.catch(() => false)) return
  const bytes = shown(answer)
  const key = bytes.indexOf(`"${observed.place}":`)
  throw new Wrong({
    saw: observed.saw,
    bytes,
    at: key < 0 ? bytes.lastIndexOf('\n') + 1 : key + observed.place.length + 3,
    wanted: wanted === NOT_THERE ? 'no such room' : String(wanted),
    hint: observed.hint(found()),
  })
}

const NOT_THERE = -1
const sizeOf =
  (room: string) =>
  ({ rooms = {} }: Counts): number =>
    rooms[room] ?? NOT_THERE

export const exercises: readonly Exercise[] = [
  {
    name: 'rooms',
    hosted: { kind: 'server' },
    checks: checksFrom(words.rooms, {
      async 'a-room'(trial) {
        const { room } = trial
        for (let i = 1; i <= 2; i++) {
          await joins(trial, await meet(trial), room)
          const saw = `${i === 1 ? 'A client' : 'A second client'} joined ${room}. Your server's count of the members:`
          await expectCount(trial, sizeOf(room), i, { saw, place: room, hint: () => 'not-counted' })
        }
      },
      async everybody(trial) {
        const { room } = trial
        const talks = await inRoom(trial, 3)
        const [speaker] = talks
        if (speaker) says(speaker, room, 'hello')
        for (const [i, talk] of talks.entries()) {
          const who = ['The sender', 'The second client', 'The third client'][i] ?? ''
          const saw = `Three clients are in ${room}, and one sent hello. ${who} received:`
          const hint = (mismatch: Mismatch) =>
            mismatch !== 'nothing' && mismatch !== 'closed' ? 'other' : i === 0 ? 'not-the-sender' : 'missing'
          const wanted = { type: 'message', boardId: room, text: 'hello', userId: /./, name: /./ }
          await expectNext(trial, talk, wanted, { saw, hint })
          await expectQuiet(trial, talk, { saw, hint: 'twice' })
        }
      },
      async 'rooms-apart'(trial) {
        const { room } = trial
        const [here] = await inRoom(trial, 1)
        const [elsewhere] = await inRoom(trial, 1, `${room}-2`)
        const nowhere = await meet(trial)
        if (!here || !elsewhere) return
        says(here, room, 'hello')
        const observed = { saw: `A client sent hello to ${room}, and received:`, hint: 'another-room' }
        await expectNext(trial, here, { type: 'message', text: 'hello' }, observed)
        const sawThere = `A client sent hello to ${room}. A client that is only in ${room}-2 received:`
        await expectQuiet(trial, elsewhere, { saw: sawThere, hint: 'another-room' })
        const sawNowhere = `A client sent hello to ${room}. A client that is in no room received:`
        await expectQuiet(trial, nowhere, { saw: sawNowhere, hint: 'another-room' })
      },
      async 'never-joined'(trial) {
        const { room } = trial
        const [member] = await inRoom(trial, 1)
        const stranger = await meet(trial)
        if (!member) return
        for (const type of ['message', 'typing']) {
          stranger.say({ type, boardId: room, ...(type === 'message' && { text: 'let me in' }) })
          await settled(trial)
          const observed = {
            saw: `A client that is not in ${room} sent ${type} to it. A member received:`,
            hint: 'heard',
          }
          await expectQuiet(trial, member, observed)
          const saw = `A client that is not in ${room} sent ${type} to it. Your server responded:`
          const named = { type: 'error', message: /./ }
          await expectNext(trial, stranger, named, { saw, hint: 'no-error' })
          const sawCount = `One client is in ${room}, and another one tried to send to it. Your server's count:`
          await expectCount(trial, sizeOf(room), 1, { saw: sawCount, place: room, hint: () => 'let-in' })
        }
        stranger.say({ type: 'message', boardId: `${room}-2`, text: 'is anybody here?' })
        const sawEmpty = `A client sent a message to ${room}-2, which has no members. Your server responded:`
        await expectNext(trial, stranger, { type: 'error' }, { saw: sawEmpty, hint: 'no-error' })
        const sawMade = `A client sent a message to ${room}-2, which has no members. Your server's count:`
        const place = `${room}-2`
        await expectCount(trial, sizeOf(place), NOT_THERE, { saw: sawMade, place, hint: () => 'let-in' })
      },
      async 'everyone-but-me'(trial) {
        const { room } = trial
        const [first] = await inRoom(trial, 1)
        const second = await meet(trial)
        if (!first) return
        await joins(trial, second, room)
        const hint = (mismatch: Mismatch) =>
          mismatch === 'nothing' || mismatch === 'closed' ? 'not-announced' : 'other'
        const who = { boardId: room, userId: /./, name: /./ }
        await expectQuiet(trial, second, { saw: `A client joined ${room}, and received:`, hint: 'to-itself' })
        const sawJoin = `A client joined ${room}. The other member received:`
        const { userId } = await expectNext(trial, first, { type: 'user_joined', ...who }, { saw: sawJoin, hint })
        second.say({ type: 'typing', boardId: room })
        await settled(trial)
        await expectQuiet(trial, second, { saw: `A client typed in ${room}, and received:`, hint: 'to-itself' })
        const sawTyping = `A client typed in ${room}. The other member received:`
        const same = { type: 'user_typing', ...who, userId: String(userId) }
        await expectNext(trial, first, same, { saw: sawTyping, hint })
      },
      async leaves(trial) {
        const { room } = trial
        const [leaves, stays] = await inRoom(trial, 2)
        if (!leaves || !stays) return
        leaves.say({ type: 'leave', boardId: room })
        const observed = { saw: `One of two clients left ${room}. Your server responded:`, hint: 'not-confirmed' }
        await expectNext(trial, leaves, { type: 'left', boardId: room }, observed)
        says(stays, room, 'hello')
        const sawStays = `One of two clients left ${room}. The other one sent hello, and received:`
        await expectNext(trial, stays, { type: 'message', text: 'hello' }, { saw: sawStays, hint: 'others-too' })
        const sawLeft = `One of two clients left ${room}. Then the other one sent hello, and the first one received:`
        await expectQuiet(trial, leaves, { saw: sawLeft, hint: 'still-in' })
        says(leaves, room, 'one thing more')
        const saw = `A client left ${room} and then sent a message to it. Your server responded:`
        await expectNext(trial, leaves, { type: 'error' }, { saw, hint: 'may-still-speak' })
      },
      async 'several-rooms'(trial) {
        const { room } = trial
        const second = `${room}-2`
        const [both] = await inRoom(trial, 1)
        const [here] = await inRoom(trial, 1)
        if (!both || !here) return
        await settled(trial)
        while (both.take() !== undefined);
        await joins(trial, both, second)
        says(here, room, 'one')
        const sawJoined = `A client is in ${room} and joined ${second}. Another client sent "one" to ${room}, and the first client received:`
        await expectNext(trial, both, { type: 'message', text: 'one' }, { saw: sawJoined, hint: 'one-at-a-time' })
        both.say({ type: 'leave', boardId: second })
        const hint = 'left-all'
        await expectNext(trial, both, { type: 'left', boardId: second }, { saw: `The client left ${second}:`, hint })
        says(here, room, 'two')
        const sawLeft = `Then the client left ${second}. Another client sent "two" to ${room}, and the first client received:`
        await expectNext(trial, both, { type: 'message', text: 'two' }, { saw: sawLeft, hint })
      },
      async 'joins-twice'(trial) {
        const { room } = trial
        const [talk] = await inRoom(trial, 1)
        if (!talk) return
        await joins(trial, talk, room)
        says(talk, room, 'hello')
        const observed = { saw: `A client joined ${room} twice. It sent hello, and received:`, hint: 'twice' }
        await expectNext(trial, talk, { type: 'message', text: 'hello' }, observed)
        await expectQuiet(trial, talk, observed)
        talk.say({ type: 'leave', boardId: room })
        await expectNext(trial, talk, { type: 'left' }, { saw: `Then the client left ${room}:`, hint: 'still-in' })
        const saw = `A client joined ${room} twice, and left it. Your server's count:`
        // Another check tests whether empty rooms are deleted.
        const countOf = (counts: Counts) => Math.max(0, sizeOf(room)(counts))
        await expectCount(trial, countOf, 0, { saw, place: room, hint: () => 'still-in' })
      },
      async 'who-is-gone'(trial) {
        const { room } = trial
        const second = `${room}-2`
        const [closes, cut, stays] = await inRoom(trial, 3)
        if (!closes || !cut || !stays) return
        await joins(trial, closes, second)
        closes.socket.close()
        const hintOf = (found: number) => (found === NOT_THERE ? 'others-too' : 'stays')
        const sawOne = `Three clients are in ${room}, and one of them closed its connection. Your server's count:`
        await expectCount(trial, sizeOf(room), 2, { saw: sawOne, place: room, hint: hintOf })
        const sawSecond = `This client was also the only member of ${second}. Your server's count:`
        const hint = (found: number) => (found === 0 ? 'empty-room' : 'one-room-only')
        await expectCount(trial, sizeOf(second), NOT_THERE, { saw: sawSecond, place: second, hint })
        // Sends no close frame, as if the client's process had ended.
        cut.socket.terminate()
        const sawTwo = `Another client of ${room} was cut off. Your server's count:`
        await expectCount(trial, sizeOf(room), 1, { saw: sawTwo, place: room, hint: hintOf })
        says(stays, room, 'hello')
        const saw = `Two of three clients of ${room} are gone. The third one sent hello, and received:`
        await expectNext(trial, stays, { type: 'message', text: 'hello' }, { saw, hint: 'others-too' })
      },
      async 'plain-chat'(trial) {
        const talks = [await converse(trial, '/chat'), await converse(trial, '/chat')]
        const [ada, bob] = talks
        const [member] = await inRoom(trial, 1)
        if (!ada || !bob || !member) return
        ada.say({ username: 'Ada', message: 'hello' })
        for (const talk of [bob, ada]) {
          const saw = `Two clients are in the plain chat, and one sent hello. ${talk === ada ? 'It' : 'The other one'} received:`
          const missing = talk === ada ? 'not-the-sender' : 'nothing'
          const hint = (mismatch: Mismatch) => (mismatch === 'nothing' || mismatch === 'closed' ? missing : 'changed')
          await expectNext(trial, talk, { username: 'Ada', message: 'hello' }, { saw, hint })
        }
        const sawThere = 'A client sent hello in the plain chat. A client in a room received:'
        await expectQuiet(trial, member, { saw: sawThere, hint: 'another-room' })
        says(member, trial.room, 'hello')
        await settled(trial)
        const sawBack = `A client sent hello to ${trial.room}. A client in the plain chat received:`
        await expectQuiet(trial, bob, { saw: sawBack, hint: 'another-room' })
        bob.socket.close()
        const saw = "One of two clients in the plain chat closed its connection. Your server's count:"
        await expectCount(trial, ({ chat = 0 }) => chat, 1, { saw, place: 'chat', hint: () => 'stays' })
      },
    }),
  },
]
