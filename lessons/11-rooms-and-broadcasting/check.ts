import { converse } from '../kit/conversation.ts'
import type { Conversation, Mismatch } from '../kit/conversation.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Wrong } from '../kit/finding.ts'
import { settled } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'
import { words } from './hints.ts'
import { NOT_THERE, expectCount, inRoom, joins, meet, next, quiet, says, sizeOf } from './people.ts'
import type { Counts } from './people.ts'

/** Names that a plain object has already, and names with characters of all kinds. */
const NAMES = ['__proto__', 'constructor', 'toString', ' a room ', '<b>"ö"</b>\u2028', '42']

/** Texts with characters that something may change on the way: spaces, markup, line ends, surrogates, and many letters. */
const TEXTS = [' two  spaces ', '<b>&amp;</b>', 'a\tb\r\nc\u2028d\u0000', 'e\u0301 \ud83d\ude00', 'long '.repeat(400)]

/** Bytes of the plain chat that no server has to understand. */
const FRAMES: readonly (string | Uint8Array)[] = [
  'hello',
  ' 1.0 ',
  '{"username": "Ada",  "message": "<b>\u2028", "more": [1.0]}',
  'null',
  '',
  Uint8Array.of(0, 255, 13, 10),
]

/** Messages with mistakes: no JSON, no object, no board, and values that cannot be made a text. */
const BROKEN = [
  'hello',
  'null',
  '[]',
  '"x"',
  '5',
  '{}',
  '{"type":{"toString":0}}',
  '{"type":{"toString":0},"boardId":"broken-messages"}',
  '{"type":"join"}',
  '{"type":"join","boardId":null}',
  '{"type":"join","boardId":{"toString":0}}',
  '{"type":"leave","boardId":["broken-messages"]}',
  '{"type":"typing","boardId":5}',
  '{"type":"__proto__","boardId":"broken-messages"}',
]

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
          await next(trial, talk, wanted, { saw, hint })
          await quiet(trial, talk, { saw, hint: 'twice' })
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
        await next(trial, here, { type: 'message', text: 'hello' }, observed)
        const sawThere = `A client sent hello to ${room}. A client that is only in ${room}-2 received:`
        await quiet(trial, elsewhere, { saw: sawThere, hint: 'another-room' })
        const sawNowhere = `A client sent hello to ${room}. A client that is in no room received:`
        await quiet(trial, nowhere, { saw: sawNowhere, hint: 'another-room' })
        says(elsewhere, `${room}-2`, 'hello there')
        const sawBack = `A client of ${room} spoke, and then a client of ${room}-2. The second one received:`
        await next(
          trial,
          elsewhere,
          { type: 'message', boardId: `${room}-2`, text: 'hello there' },
          { saw: sawBack, hint: 'another-room' },
        )
        await quiet(trial, here, {
          saw: `A client sent a message to ${room}-2. A client that is only in ${room} received:`,
          hint: 'another-room',
        })
        for (const name of NAMES) {
          const [one] = await inRoom(trial, 1, name)
          if (!one) continue
          says(one, name, 'hello')
          const saw = `A client joined the room ${JSON.stringify(name)} and sent hello to it. It received:`
          await next(trial, one, { type: 'message', boardId: name, text: 'hello' }, { saw, hint: 'any-name' })
        }
        await joins(trial, nowhere, room.toUpperCase())
        says(here, room, 'hello')
        const sawCase = `A client sent hello to ${room}. A client that is only in ${room.toUpperCase()} received:`
        await quiet(trial, nowhere, { saw: sawCase, hint: 'any-name' })
      },
      async 'never-joined'(trial) {
        const { room } = trial
        const [member] = await inRoom(trial, 1)
        const stranger = await meet(trial)
        if (!member) return
        await joins(trial, stranger, `${room}-3`)
        for (const type of ['message', 'typing']) {
          stranger.say({ type, boardId: room, ...(type === 'message' && { text: 'let me in' }) })
          await settled(trial)
          const observed = {
            saw: `A client that is not in ${room} sent ${type} to it. A member received:`,
            hint: 'heard',
          }
          await quiet(trial, member, observed)
          const saw = `A client that is in ${room}-3 and not in ${room} sent ${type} to ${room}. Your server responded:`
          const named = { type: 'error', message: /./ }
          await next(trial, stranger, named, { saw, hint: 'no-error' })
          const sawCount = `One client is in ${room}, and another one tried to send to it. Your server's count:`
          await expectCount(trial, sizeOf(room), 1, { saw: sawCount, place: room, hint: () => 'let-in' })
        }
        stranger.say({ type: 'message', boardId: `${room}-2`, text: 'is anybody here?' })
        const sawEmpty = `A client sent a message to ${room}-2, which has no members. Your server responded:`
        await next(trial, stranger, { type: 'error' }, { saw: sawEmpty, hint: 'no-error' })
        const sawMade = `A client sent a message to ${room}-2, which has no members. Your server's count:`
        const place = `${room}-2`
        await expectCount(trial, sizeOf(place), NOT_THERE, { saw: sawMade, place, hint: () => 'let-in' })
      },
      async 'everyone-but-me'(trial) {
        const { room } = trial
        const [first] = await inRoom(trial, 1)
        const second = await meet(trial)
        const [elsewhere] = await inRoom(trial, 1, `${room}-2`)
        if (!first || !elsewhere) return
        await joins(trial, second, room)
        const hint = (mismatch: Mismatch) =>
          mismatch === 'nothing' || mismatch === 'closed' ? 'not-announced' : 'other'
        const who = { boardId: room, userId: /./, name: /./ }
        await quiet(trial, second, { saw: `A client joined ${room}, and received:`, hint: 'to-itself' })
        const sawJoin = `A client joined ${room}. The other member received:`
        const { userId } = await next(trial, first, { type: 'user_joined', ...who }, { saw: sawJoin, hint })
        second.say({ type: 'typing', boardId: room })
        await settled(trial)
        await quiet(trial, second, { saw: `A client typed in ${room}, and received:`, hint: 'to-itself' })
        const sawTyping = `A client typed in ${room}. The other member received:`
        const same = { type: 'user_typing', ...who, userId: String(userId) }
        await next(trial, first, same, { saw: sawTyping, hint })
        const sawThere = `A client joined ${room} and typed. A client that is only in ${room}-2 received:`
        await quiet(trial, elsewhere, { saw: sawThere, hint: 'another-room' })
        second.say({ type: 'ping' })
        await next(
          trial,
          second,
          { type: 'pong' },
          { saw: 'A client in a room sent a ping. Your server responded:', hint: 'no-pong' },
        )
        await quiet(trial, second, {
          saw: 'A client in a room sent a ping and got its pong. Then it received:',
          hint: 'no-pong',
        })
        second.say({ type: 'dance', boardId: room })
        const sawDance = 'A client in a room sent a message of an unknown type. Your server responded:'
        await next(trial, second, { type: 'error', message: /./ }, { saw: sawDance, hint: 'no-pong' })
        await quiet(trial, second, {
          saw: 'A client sent an unknown type and got an error. Then it received:',
          hint: 'no-pong',
        })
        const sawPong = 'A client in a room sent a ping and a message of an unknown type. Another member received:'
        await quiet(trial, first, { saw: sawPong, hint: 'not-for-all' })
      },
      async 'in-order'(trial) {
        const { room } = trial
        const [ada, bob] = await inRoom(trial, 2)
        if (!ada || !bob) return
        const texts = Array.from({ length: 20 }, (_, i) => `number ${i + 1}`)
        for (const text of texts) says(ada, room, text)
        for (const [talk, who] of [
          [ada, 'The sender'],
          [bob, 'Another member'],
        ] as const)
          for (const text of texts) {
            const saw = `A client sent twenty numbered messages. ${who} received:`
            await next(trial, talk, { type: 'message', text }, { saw, hint: 'another-order' })
          }
        says(ada, room, 'question')
        const saw = `Ada asked a question in ${room}, and Bob answered it.`
        await next(
          trial,
          bob,
          { type: 'message', text: 'question' },
          { saw: `${saw} Bob received:`, hint: 'another-order' },
        )
        says(bob, room, 'answer')
        for (const text of ['question', 'answer'])
          await next(trial, ada, { type: 'message', text }, { saw: `${saw} Ada received:`, hint: 'another-order' })
        await next(
          trial,
          bob,
          { type: 'message', text: 'answer' },
          { saw: `${saw} Bob received:`, hint: 'another-order' },
        )
        for (const text of TEXTS) {
          says(ada, room, text)
          const saw = `A client sent ${JSON.stringify(text).slice(0, 60)} to a room. Another member received:`
          await next(trial, bob, { type: 'message', text }, { saw, hint: 'changed' })
        }
      },
      async leaves(trial) {
        const { room } = trial
        const [stays, leaves] = await inRoom(trial, 2)
        const [elsewhere] = await inRoom(trial, 1, `${room}-2`)
        if (!leaves || !stays || !elsewhere) return
        leaves.say({ type: 'leave', boardId: room })
        const observed = { saw: `One of two clients left ${room}. Your server responded:`, hint: 'not-confirmed' }
        await next(trial, leaves, { type: 'left', boardId: room }, observed)
        says(stays, room, 'hello')
        const sawStays = `One of two clients left ${room}. The other one sent hello, and received:`
        await next(trial, stays, { type: 'message', text: 'hello' }, { saw: sawStays, hint: 'others-too' })
        const sawLeft = `One of two clients left ${room}. Then the other one sent hello, and the first one received:`
        await quiet(trial, leaves, { saw: sawLeft, hint: 'still-in' })
        says(leaves, room, 'one thing more')
        const saw = `A client left ${room} and then sent a message to it. Your server responded:`
        await next(trial, leaves, { type: 'error' }, { saw, hint: 'may-still-speak' })
        await joins(trial, leaves, room)
        says(leaves, room, 'here again')
        const sawAgain = `A client left ${room}, joined again and sent a message. It received:`
        await next(trial, leaves, { type: 'message', text: 'here again' }, { saw: sawAgain, hint: 'never-again' })
        elsewhere.say({ type: 'leave', boardId: room })
        await settled(trial)
        const sawTwo = `A client that is not in ${room} asked to leave it. Your server's count:`
        await expectCount(trial, sizeOf(room), 2, { saw: sawTwo, place: room, hint: () => 'others-too' })
        for (const talk of [stays, leaves]) {
          while (talk.take() !== undefined);
          talk.say({ type: 'leave', boardId: room })
          await next(
            trial,
            talk,
            { type: 'left', boardId: room },
            { ...observed, saw: `A client left ${room}. Your server responded:` },
          )
          await settled(trial)
        }
        const sawEmpty = `The last client left ${room}. Your server's count:`
        const place = room
        await expectCount(trial, sizeOf(room), NOT_THERE, {
          saw: sawEmpty,
          place,
          hint: (found) => (found === 0 ? 'empty-room' : 'still-in'),
        })
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
        await next(trial, both, { type: 'message', text: 'one' }, { saw: sawJoined, hint: 'one-at-a-time' })
        for (const boardId of [second, room]) {
          says(both, boardId, 'from both')
          const saw = `A client is in ${room} and in ${second}, and sent a message to ${boardId}. It received:`
          await next(trial, both, { type: 'message', text: 'from both', boardId }, { saw, hint: 'another-name' })
        }
        both.say({ type: 'leave', boardId: second })
        const hint = 'left-all'
        await next(trial, both, { type: 'left', boardId: second }, { saw: `The client left ${second}:`, hint })
        says(here, room, 'two')
        const sawLeft = `Then the client left ${second}. Another client sent "two" to ${room}, and the first client received:`
        await next(trial, both, { type: 'message', text: 'two' }, { saw: sawLeft, hint })
      },
      async 'joins-twice'(trial) {
        const { room } = trial
        const [talk] = await inRoom(trial, 1)
        if (!talk) return
        await joins(trial, talk, room)
        says(talk, room, 'hello')
        const observed = { saw: `A client joined ${room} twice. It sent hello, and received:`, hint: 'twice' }
        await next(trial, talk, { type: 'message', text: 'hello' }, observed)
        await quiet(trial, talk, observed)
        talk.say({ type: 'leave', boardId: room })
        await next(trial, talk, { type: 'left' }, { saw: `Then the client left ${room}:`, hint: 'still-in' })
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
        await next(trial, stays, { type: 'message', text: 'hello' }, { saw, hint: 'others-too' })
      },
      async 'who-speaks'(trial) {
        const { room } = trial
        const [watches] = await inRoom(trial, 1)
        const gone = await meet(trial)
        if (!watches) return
        const speakers: Conversation[] = []
        const ids: unknown[] = []
        for (const user of ['first', 'second']) {
          const talk = await meet(trial)
          await joins(trial, talk, room)
          const saw = `The ${user} of two clients joined ${room}. Another member received:`
          const joined = await next(trial, watches, { type: 'user_joined', userId: /./ }, { saw, hint: 'nobody' })
          ids.push(joined['userId'])
          speakers.push(talk)
          // Another connection ends between the two.
          gone.socket.close()
          await trial.until('it is gone', () => gone.closed)
          await settled(trial)
        }
        const [ada, bob] = speakers
        const isSame = () => new Set(ids).size < ids.length
        const listed = () => ids.map((id) => `"userId":${JSON.stringify(id)}`).join('\n')
        if (isSame())
          throw new Wrong({
            saw: `Two clients joined ${room}. They were announced as:`,
            bytes: listed(),
            wanted: 'two different ids',
            hint: 'same-id',
          })
        if (!ada || !bob) return
        await settled(trial)
        for (const talk of [watches, ...speakers]) while (talk.take() !== undefined);
        const lies = { userId: ids[1], name: 'somebody else', user: { userId: ids[1] } }
        for (const [said, wanted] of [
          [{ type: 'typing' }, { type: 'user_typing' }],
          [
            { type: 'message', text: 'hello' },
            { type: 'message', text: 'hello' },
          ],
        ] as const)
          for (const claims of [{}, lies]) {
            ada.say({ ...said, boardId: room, ...claims })
            const saw = `The first client sent ${said.type}${'userId' in claims ? ', and claimed to be the second one' : ''}. A member received:`
            const hint = (mismatch: Mismatch) => (mismatch === 'another value' ? 'another-person' : 'nobody')
            const got = await next(trial, watches, { ...wanted, userId: String(ids[0]) }, { saw, hint })
            if (got['name'] === 'somebody else') {
              const { bytes, at } = watches.shown()
              throw new Wrong({ saw, bytes, at, wanted: 'the name of the first client', hint: 'another-person' })
            }
            for (const talk of said.type === 'message' ? speakers : [bob])
              await next(trial, talk, { ...wanted, userId: String(ids[0]) }, { saw, hint })
          }
        await quiet(trial, ada, { saw: 'A client sent two messages, and received:', hint: 'nobody' })
        const late = await meet(trial)
        late.say({ type: 'join', boardId: room, ...lies })
        const saw = 'A client joined and claimed to be another one. A member received:'
        const { userId } = await next(trial, watches, { type: 'user_joined' }, { saw, hint: 'nobody' })
        if (ids.includes(userId)) {
          const { bytes, at } = watches.shown()
          throw new Wrong({ saw, bytes, at, wanted: 'the id of this client', hint: 'another-person' })
        }
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
          await next(trial, talk, { username: 'Ada', message: 'hello' }, { saw, hint })
        }
        const sawThere = 'A client sent hello in the plain chat. A client in a room received:'
        await quiet(trial, member, { saw: sawThere, hint: 'another-room' })
        says(member, trial.room, 'hello')
        await settled(trial)
        const sawBack = `A client sent hello to ${trial.room}. A client in the plain chat received:`
        await quiet(trial, bob, { saw: sawBack, hint: 'another-room' })
        for (const frame of FRAMES) {
          const got = Promise.all(talks.map(({ socket }) => nextFrame(trial, socket)))
          ada.say(frame)
          const name = typeof frame === 'string' ? JSON.stringify(frame) : 'a binary message'
          const saw = `A client sent ${name} in the plain chat. A client in it received:`
          for (const one of await got) {
            if (one !== null && one.isBinary === (typeof frame !== 'string') && one.data.equals(Buffer.from(frame)))
              continue
            const bytes = `> ${name}\n< ${one === null ? '' : frameText(one)}`
            throw new Wrong({
              saw,
              bytes,
              at: bytes.lastIndexOf('\n') + 3,
              wanted: 'exactly the same',
              hint: 'changed',
            })
          }
        }
        const late = await converse(trial, '/chat')
        const sawLate = 'A client connected to the plain chat after some messages, and received:'
        await quiet(trial, late, { saw: sawLate, hint: 'not-kept' })
        late.socket.terminate()
        bob.socket.close()
        const saw = "Two of three clients in the plain chat are gone. Your server's count:"
        const inChat = ({ chat = 0 }: Counts) => chat
        await expectCount(trial, inChat, 1, {
          saw,
          place: 'chat',
          hint: (found) => (found > 1 ? 'stays' : 'others-too'),
        })
      },
      async 'broken-messages'(trial) {
        const { room } = trial
        const [member, breaks] = await inRoom(trial, 2)
        if (!member || !breaks) return
        for (const text of BROKEN) {
          breaks.say(text)
          await settled(trial)
        }
        breaks.say(Uint8Array.of(0, 255))
        await settled(trial)
        const outside = await meet(trial)
        for (const text of ['hello', '{"type":"message","text":"to no board"}']) {
          outside.say(text)
          const saw = `A client sent ${text}. Your server responded:`
          await next(trial, outside, { type: 'error', message: /./ }, { saw, hint: 'no-error' })
        }
        await quiet(trial, member, {
          saw: `A client sent broken messages. Another member of ${room} received:`,
          hint: 'not-for-all',
        })
        // Bits that have no meaning, in a frame without a mask (RFC 6455, sections 5.1 and 5.2).
        await breakFrame(trial)
        says(member, room, 'hello')
        const saw = 'Clients sent broken messages and frames. Then another one sent hello, and received:'
        await next(trial, member, { type: 'message', text: 'hello' }, { saw, hint: 'not-for-all' })
      },
    }),
  },
]

interface Frame {
  readonly data: Buffer
  readonly isBinary: boolean
}

/** Resolves with the next message of this socket, or with null if none comes. */
async function nextFrame(trial: Trial, socket: Conversation['socket']): Promise<Frame | null> {
  let frame: Frame | null = null
  socket.once('message', (data: Buffer, isBinary) => (frame = { data, isBinary }))
  await trial.until('it has come', () => frame).catch(() => {})
  return frame
}

const frameText = ({ data, isBinary }: Frame): string =>
  isBinary ? `(${data.length} bytes, binary)` : JSON.stringify(String(data))

/** Sends a frame that breaks the protocol, on a connection of its own. */
async function breakFrame(trial: Trial): Promise<void> {
  const socket = trial.socket()
  let isHere = false
  let isOver = false
  socket.on('data', () => (isHere = true)).on('close', () => (isOver = true))
  const head = ['GET / HTTP/1.1', `Host: localhost:${trial.port}`, 'Connection: Upgrade', 'Upgrade: websocket']
  const keys = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
  socket.write([...head, ...keys, '\r\n'].join('\r\n'))
  await trial.until('it is open', () => isHere || isOver).catch(() => {})
  socket.write(Uint8Array.of(0xf1, 0x01, 0x61))
  await trial.until('it is closed', () => isOver).catch(() => {})
}
