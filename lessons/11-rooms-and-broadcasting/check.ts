import { converse, expectNext, expectQuiet } from '../kit/conversation.ts'
import type { Amiss, Conversation } from '../kit/conversation.ts'
import { shown } from '../kit/expect.ts'
import type { Exercise, Hint } from '../kit/exercise.ts'
import { Wrong } from '../kit/exercise.ts'
import { settled } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'

/** A client that is welcomed. */
async function meet(trial: Trial): Promise<Conversation> {
  const talk = await converse(trial, '/')
  await expectNext(trial, talk, { type: 'connected' }, { saw: 'A client opened a WebSocket:', hint: NO_WELCOME })
  return talk
}

async function joins(trial: Trial, talk: Conversation, boardId: string): Promise<void> {
  talk.say({ type: 'join', boardId })
  const saw = `A client asked to join ${boardId}. You answered:`
  await expectNext(trial, talk, { type: 'joined', boardId }, { saw, hint: NOT_JOINED })
}

/** So many clients that are in the room and have heard all that there was to hear of it. */
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

/** How many there are by the server's own count, as soon as that is what it should be, or where it never is. */
async function expectCount(
  trial: Trial,
  countOf: (counts: Counts) => number,
  wanted: number,
  told: { readonly saw: string; readonly place: string; hint(found: number): string },
): Promise<void> {
  let answer = await trial.get('/')
  const found = () => countOf((answer.json ?? {}) as Counts)
  const came = trial.until('they are so many', async () => {
    answer = await trial.get('/')
    return found() === wanted
  })
  if (await came.catch(() => false)) return
  const bytes = shown(answer)
  const key = bytes.indexOf(`"${told.place}":`)
  throw new Wrong({
    saw: told.saw,
    bytes,
    at: key < 0 ? bytes.lastIndexOf('\n') + 1 : key + told.place.length + 3,
    wanted: wanted === NOT_THERE ? 'no such room' : String(wanted),
    hint: told.hint(found()),
  })
}

const NOT_THERE = -1
const sizeOf =
  (room: string) =>
  ({ rooms = {} }: Counts): number =>
    rooms[room] ?? NOT_THERE

const NO_WELCOME: Hint = [
  'A client connected without a path and was not told that it is connected.',
  'Look at the first lines of the handler: it was there when you began.',
  'The welcome tells a client that the server is ready. It counts on it.',
]

const NOT_JOINED: Hint = [
  'A client asked to join a room and was not told that it is in.',
  'Look at what you do with the type join, and at what you answer: the type joined, with the boardId.',
  'Who joins waits for the word that it worked. Until then it cannot know from which moment on it hears everything.',
]

export const exercises: readonly Exercise[] = [
  {
    name: 'rooms',
    hosted: { kind: 'server' },
    checks: [
      {
        name: 'a-room',
        title: 'Lets a client into a room, and says so',
        hints: {
          'not-counted': [
            'A client was told that it is in a room, and by your own count it is not.',
            'Look at what join does: where does the set of a room come from, and is it kept?',
            'A room is a set in a map. Who comes first finds none and makes it; whoever follows finds that one.',
          ],
        },
        async run(trial) {
          const { room } = trial
          for (let i = 1; i <= 2; i++) {
            await joins(trial, await meet(trial), room)
            const saw = `${i === 1 ? 'A client' : 'A second client'} joined ${room}. How many are in it, by your count:`
            await expectCount(trial, sizeOf(room), i, { saw, place: room, hint: () => 'not-counted' })
          }
        },
      },
      {
        name: 'everybody',
        title: 'Brings what one says to everybody in the room, itself too, once',
        hints: {
          'not-the-sender': [
            'One said something, and did not get it itself.',
            'Look at whom you leave out, and for which kind of message.',
            'A message that comes back by the same way as to everybody else is the proof that it is in the room, and in which place between the others. Who shows its own at once shows another order than all others.',
          ],
          missing: [
            'One said something, and another one in the room did not get it.',
            'Look at the loop over the members: whom does it reach, and does it go on to the end?',
            'To broadcast is to write to each member of the set once.',
          ],
          twice: [
            'One said something once, and it came to somebody more than once.',
            'Look at how often the loop over the members runs for one message.',
            'To broadcast is to write to each member of the set once.',
          ],
          other: [
            'What came is not what was said.',
            'Look at the fields that you send: type, boardId, userId, name and text.',
            'Who is in several rooms has one connection for all of them. Each message has to say of which room it is, and who said it.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const talks = await inRoom(trial, 3)
          const [speaker] = talks
          if (speaker) says(speaker, room, 'hello')
          for (const [i, talk] of talks.entries()) {
            const who = ['The one who said it', 'The second', 'The third'][i] ?? ''
            const saw = `Three are in ${room}, and one said hello. ${who} got:`
            const hint = (amiss: Amiss) =>
              amiss !== 'nothing' && amiss !== 'closed' ? 'other' : i === 0 ? 'not-the-sender' : 'missing'
            const wanted = { type: 'message', boardId: room, text: 'hello', userId: /./, name: /./ }
            await expectNext(trial, talk, wanted, { saw, hint })
            await expectQuiet(trial, talk, { saw, hint: 'twice' })
          }
        },
      },
      {
        name: 'rooms-apart',
        title: 'Tells nobody in another room',
        hints: {
          'another-room': [
            'What was said in one room was heard in another.',
            'Look at whose set you go through: is it that of the room which the message names?',
            'A room is a set of its own. Who writes to everybody has one room with many names.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const [here] = await inRoom(trial, 1)
          const [elsewhere] = await inRoom(trial, 1, `${room}-2`)
          const nowhere = await meet(trial)
          if (!here || !elsewhere) return
          says(here, room, 'hello')
          const told = { saw: `One said hello in ${room}, and got:`, hint: 'another-room' }
          await expectNext(trial, here, { type: 'message', text: 'hello' }, told)
          const sawThere = `One said hello in ${room}. One who is in ${room}-2 alone got:`
          await expectQuiet(trial, elsewhere, { saw: sawThere, hint: 'another-room' })
          const sawNowhere = `One said hello in ${room}. One who is in no room got:`
          await expectQuiet(trial, nowhere, { saw: sawNowhere, hint: 'another-room' })
        },
      },
      {
        name: 'never-joined',
        title: 'Refuses a message to a room that one has not joined',
        hints: {
          heard: [
            'One who had never joined the room spoke in it, and was heard.',
            'Look at what you ask before you broadcast: that the room is there, or that this one is in it?',
            'The name of a room is not a key to it. Who may speak is decided by the server, by what it knows of this connection, and never by what the message says.',
          ],
          'no-error': [
            'One who had never joined the room spoke in it, and was not told that this does not work.',
            'Look at the way on which a message of somebody else ends.',
            'What is dropped without a word looks like a network that loses messages.',
          ],
          'let-in': [
            'One who had never joined the room spoke in it, and was in it from then on.',
            'Look at how you get the set of a room for a message: can it be that it makes one, or adds to it?',
            'Asking must not change anything. Who joins by speaking can read every room by guessing its name.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const [member] = await inRoom(trial, 1)
          const stranger = await meet(trial)
          if (!member) return
          for (const type of ['message', 'typing']) {
            stranger.say({ type, boardId: room, ...(type === 'message' && { text: 'let me in' }) })
            await settled(trial)
            const told = { saw: `One who is not in ${room} sent ${type} to it. Who is in it got:`, hint: 'heard' }
            await expectQuiet(trial, member, told)
            const saw = `One who is not in ${room} sent ${type} to it. You answered:`
            const named = { type: 'error', message: /./ }
            await expectNext(trial, stranger, named, { saw, hint: 'no-error' })
            const sawCount = `One is in ${room}, and another one tried to speak in it. By your count:`
            await expectCount(trial, sizeOf(room), 1, { saw: sawCount, place: room, hint: () => 'let-in' })
          }
          stranger.say({ type: 'message', boardId: `${room}-2`, text: 'is anybody here?' })
          const sawEmpty = `One spoke in ${room}-2, where nobody is. You answered:`
          await expectNext(trial, stranger, { type: 'error' }, { saw: sawEmpty, hint: 'no-error' })
          const sawMade = `One spoke in ${room}-2, where nobody is. By your count:`
          const place = `${room}-2`
          await expectCount(trial, sizeOf(place), NOT_THERE, { saw: sawMade, place, hint: () => 'let-in' })
        },
      },
      {
        name: 'everyone-but-me',
        title: 'Tells the others who joined and who is typing, and not the one itself',
        hints: {
          'told-itself': [
            'One was told of itself that it joined, or that it is typing.',
            'Look at whom these two kinds of messages leave out.',
            'They are news to everybody but the one whom they are about. A page that believes them shows its own user as somebody else.',
          ],
          'not-told': [
            'One joined or typed, and another one in the room was not told.',
            'Look at what you do behind the answer to a join, and with the type typing.',
            'The others cannot see what one does. Whatever they should know of it somebody has to say.',
          ],
          other: [
            'The others were told something else than who joined or types.',
            'Look at the type and at the fields: boardId, userId and name of the one whom it is about.',
            'Who shows that somebody is typing has to know who, and in which room.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const [first] = await inRoom(trial, 1)
          const second = await meet(trial)
          if (!first) return
          await joins(trial, second, room)
          const hint = (amiss: Amiss) => (amiss === 'nothing' || amiss === 'closed' ? 'not-told' : 'other')
          const who = { boardId: room, userId: /./, name: /./ }
          await expectQuiet(trial, second, { saw: `One joined ${room}, and got:`, hint: 'told-itself' })
          const sawJoin = `One joined ${room}. The other one in it got:`
          const { userId } = await expectNext(trial, first, { type: 'user_joined', ...who }, { saw: sawJoin, hint })
          second.say({ type: 'typing', boardId: room })
          await settled(trial)
          await expectQuiet(trial, second, { saw: `One types in ${room}, and got:`, hint: 'told-itself' })
          const sawTyping = `The one who joined ${room} last types. The other one in it got:`
          const same = { type: 'user_typing', ...who, userId: String(userId) }
          await expectNext(trial, first, same, { saw: sawTyping, hint })
        },
      },
      {
        name: 'leaves',
        title: 'Lets one out of a room, and nobody else',
        hints: {
          'not-told': [
            'One left a room and was not told that it worked.',
            'Look at what you answer to the type leave: the type left, with the boardId.',
            'From the word on the client may be sure to hear nothing of the room any more.',
          ],
          'still-in': [
            'One left a room, and was told what is said in it.',
            'Look at what leave does to the set of the room.',
            'Who has left is like one who never came: it hears nothing, and may say nothing.',
          ],
          'others-too': [
            'One of two left, and the other one was not told of the next message.',
            'Look at what leave takes away: one member, or the room?',
            'A room is gone when the last one has left it, and not before.',
          ],
          'may-still-speak': [
            'One left a room, spoke in it, and was not refused.',
            'Look at what you ask before you broadcast.',
            'Membership counts at the moment of speaking. Having been in is nothing.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const [leaves, stays] = await inRoom(trial, 2)
          if (!leaves || !stays) return
          leaves.say({ type: 'leave', boardId: room })
          const told = { saw: `One of two left ${room}. You answered:`, hint: 'not-told' }
          await expectNext(trial, leaves, { type: 'left', boardId: room }, told)
          says(stays, room, 'hello')
          const sawStays = `One of two left ${room}. The other one said hello, and got:`
          await expectNext(trial, stays, { type: 'message', text: 'hello' }, { saw: sawStays, hint: 'others-too' })
          const sawLeft = `One of two left ${room}. Then the other one said hello, and the one who had left got:`
          await expectQuiet(trial, leaves, { saw: sawLeft, hint: 'still-in' })
          says(leaves, room, 'one thing more')
          const saw = `One left ${room} and then spoke in it. You answered:`
          await expectNext(trial, leaves, { type: 'error' }, { saw, hint: 'may-still-speak' })
        },
      },
      {
        name: 'several-rooms',
        title: 'Lets one client be in several rooms, and leave one of them',
        hints: {
          'one-at-a-time': [
            'A client joined a second room, and was not in the first one any more.',
            'Look at what join does with the rooms that one is in already.',
            'A page may show several boards. Joining adds; only leaving takes away.',
          ],
          'left-all': [
            'A client left one of its two rooms, and was in neither of them.',
            'Look at which rooms leave goes through: there is one in the message.',
            'Leaving a room and being gone are two things. The second is many of the first.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const second = `${room}-2`
          const [both] = await inRoom(trial, 1)
          const [here] = await inRoom(trial, 1)
          if (!both || !here) return
          await settled(trial)
          while (both.take() !== undefined);
          await joins(trial, both, second)
          says(here, room, 'one')
          const sawJoined = `A client is in ${room} and joined ${second}. In ${room} one said one, and the client got:`
          await expectNext(trial, both, { type: 'message', text: 'one' }, { saw: sawJoined, hint: 'one-at-a-time' })
          both.say({ type: 'leave', boardId: second })
          const hint = 'left-all'
          await expectNext(trial, both, { type: 'left', boardId: second }, { saw: `It left ${second}:`, hint })
          says(here, room, 'two')
          const sawLeft = `Then it left ${second}. In ${room} one said two, and the client got:`
          await expectNext(trial, both, { type: 'message', text: 'two' }, { saw: sawLeft, hint })
        },
      },
      {
        name: 'joins-twice',
        title: 'Counts one who joins twice once',
        hints: {
          twice: [
            'A client joined a room twice, and from then on got everything twice.',
            'Look at what you keep the members in: what does it do with one who is in already?',
            'A page that is not sure joins again. Being in a room is a fact and no number.',
          ],
          'still-in': [
            'A client joined a room twice and left it, and by your count it is still in.',
            'Look at what you keep the members in: what does it do with one who is in already?',
            'A page that is not sure joins again. Being in a room is a fact and no number, and leaving ends it.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const [talk] = await inRoom(trial, 1)
          if (!talk) return
          await joins(trial, talk, room)
          says(talk, room, 'hello')
          const told = { saw: `A client joined ${room} twice. It said hello, and got:`, hint: 'twice' }
          await expectNext(trial, talk, { type: 'message', text: 'hello' }, told)
          await expectQuiet(trial, talk, told)
          talk.say({ type: 'leave', boardId: room })
          await expectNext(trial, talk, { type: 'left' }, { saw: `Then it left ${room}:`, hint: 'still-in' })
          const saw = `A client joined ${room} twice, and left it. By your count:`
          // Whether a room is kept for nobody is another question.
          const countOf = (counts: Counts) => Math.max(0, sizeOf(room)(counts))
          await expectCount(trial, countOf, 0, { saw, place: room, hint: () => 'still-in' })
        },
      },
      {
        name: 'who-is-gone',
        title: 'Takes one that is gone out of all its rooms, and no room is kept for nobody',
        hints: {
          stays: [
            'A client is gone, and by your count it is still in a room.',
            'Look for the event that tells you that a connection is over. What is to be done then, and in which rooms?',
            'A closed page sends no leave. Who is not taken out stays for good: each message is written to it, and each room counts more people than there are.',
          ],
          'one-room-only': [
            'A client was in two rooms and is gone. It was taken out of one of them.',
            'Look at which rooms you go through when a connection is over.',
            'One connection may be in many rooms. When it ends, it leaves all of them.',
          ],
          'empty-room': [
            'The last one in a room is gone, and the room is still kept, with nobody in it.',
            'Look at what becomes of a set that nobody is in any more.',
            'Rooms have names that clients choose. Whoever keeps every one that was ever asked for can be filled up by asking.',
          ],
          'others-too': [
            'One of two was gone, and so was the other one.',
            'Look at what you take away when a connection ends: one member, or the room?',
            'What one takes along is its own place, in each of its rooms.',
          ],
        },
        async run(trial) {
          const { room } = trial
          const second = `${room}-2`
          const [closes, cut, stays] = await inRoom(trial, 3)
          if (!closes || !cut || !stays) return
          await joins(trial, closes, second)
          closes.socket.close()
          const hintOf = (found: number) => (found === NOT_THERE ? 'others-too' : 'stays')
          const sawOne = `Three are in ${room}, and one of them closed its connection. By your count:`
          await expectCount(trial, sizeOf(room), 2, { saw: sawOne, place: room, hint: hintOf })
          const sawSecond = `It was alone in ${second} as well. By your count:`
          const hint = (found: number) => (found === 0 ? 'empty-room' : 'one-room-only')
          await expectCount(trial, sizeOf(second), NOT_THERE, { saw: sawSecond, place: second, hint })
          // Without a close frame, as when a machine is switched off and its system is still there.
          cut.socket.terminate()
          const sawTwo = `Another one of ${room} was cut off. By your count:`
          await expectCount(trial, sizeOf(room), 1, { saw: sawTwo, place: room, hint: hintOf })
          says(stays, room, 'hello')
          const saw = `Two of three are gone from ${room}. The third said hello, and got:`
          await expectNext(trial, stays, { type: 'message', text: 'hello' }, { saw, hint: 'others-too' })
        },
      },
      {
        name: 'plain-chat',
        title: 'Passes on in the plain chat what one says to all in it, as it came',
        hints: {
          nothing: [
            'One said something in the plain chat, and another one in it did not get it.',
            'Look at who is in the set of the chat, and from when on.',
            'In the plain chat nobody joins: who is connected is in.',
          ],
          'not-the-sender': [
            'One said something in the plain chat, and did not get it itself.',
            'Look at whom you leave out.',
            'The classic chat shows a message when it comes back. One list for all is one order for all.',
          ],
          changed: [
            'What came out of the plain chat is not what went in.',
            'Look at what you send on: it has username and message, and nothing else is needed.',
            'Who passes on reads as little as possible. The page at both ends knows what it said.',
          ],
          'another-room': [
            'What was said in the plain chat was heard in a room, or the other way round.',
            'Look at whose set you go through.',
            'They share a server and a port. They do not share their people.',
          ],
          stays: [
            'One of two in the plain chat is gone, and by your count both are in.',
            'Look at what you do when a connection is over: the chat is a set like the others.',
            'Whoever adds to a set has to know when to take out. Where it is one line away it is forgotten least.',
          ],
        },
        async run(trial) {
          const talks = [await converse(trial, '/chat'), await converse(trial, '/chat')]
          const [ada, bob] = talks
          const [member] = await inRoom(trial, 1)
          if (!ada || !bob || !member) return
          ada.say({ username: 'Ada', message: 'hello' })
          for (const talk of [bob, ada]) {
            const saw = `Two are in the plain chat, and one said hello. ${talk === ada ? 'It got' : 'The other one got'}:`
            const missing = talk === ada ? 'not-the-sender' : 'nothing'
            const hint = (amiss: Amiss) => (amiss === 'nothing' || amiss === 'closed' ? missing : 'changed')
            await expectNext(trial, talk, { username: 'Ada', message: 'hello' }, { saw, hint })
          }
          const sawThere = 'One said hello in the plain chat. One in a room got:'
          await expectQuiet(trial, member, { saw: sawThere, hint: 'another-room' })
          says(member, trial.room, 'hello')
          await settled(trial)
          const sawBack = `One said hello in ${trial.room}. One in the plain chat got:`
          await expectQuiet(trial, bob, { saw: sawBack, hint: 'another-room' })
          bob.socket.close()
          const saw = 'One of two in the plain chat closed its connection. By your count:'
          await expectCount(trial, ({ chat = 0 }) => chat, 1, { saw, place: 'chat', hint: () => 'stays' })
        },
      },
    ],
  },
]
