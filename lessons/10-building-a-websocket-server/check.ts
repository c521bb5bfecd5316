import { converse, expectNext, expectQuiet } from '../kit/conversation.ts'
import type { Amiss, Conversation } from '../kit/conversation.ts'
import type { Exercise, Hint } from '../kit/exercise.ts'
import { Late, Wrong } from '../kit/exercise.ts'
import type { Trial } from '../kit/trial.ts'

/** A bare conversation that is welcomed. */
async function meet(trial: Trial): Promise<Conversation> {
  const talk = await converse(trial, '/')
  const saw = 'A client opened a WebSocket, and said nothing yet:'
  const hint = (amiss: Amiss) => (amiss === 'nothing' ? NO_WELCOME : OTHER_WELCOME)
  await expectNext(trial, talk, { type: 'connected', message: 'WebSocket connected' }, { saw, hint })
  return talk
}

/** A client of a room that has been told where it stands. */
async function enter(trial: Trial, after: string | undefined, room = trial.room): Promise<Conversation> {
  const talk = await converse(trial, `/feed/${room}/ws?after=${after}`)
  const saw = `A client opened a WebSocket in ${room}:`
  await expectNext(trial, talk, { type: 'connected', room }, { saw, hint: OTHER_WELCOME })
  return talk
}

/** The connection has outlived what was said before. */
async function stillAnswers(trial: Trial, talk: Conversation, saw: string): Promise<void> {
  const hint = (amiss: Amiss) => (amiss === 'closed' ? 'closed' : amiss === 'nothing' ? 'deaf' : 'twice')
  talk.say({ type: 'ping' })
  await expectNext(trial, talk, { type: 'pong' }, { saw: `${saw} Then a ping:`, hint })
}

/** Each of these is answered by an error that has this in its message, and the connection stays. */
async function refuses(trial: Trial, said: readonly (readonly [message: unknown, named: RegExp])[]): Promise<void> {
  const talk = await meet(trial)
  for (const [message, named] of said) {
    talk.say(message)
    const saw = 'A client said what you do not know. You answered:'
    const hint = (amiss: Amiss) =>
      amiss === 'nothing'
        ? 'silent'
        : amiss === 'closed'
          ? 'closed'
          : amiss === 'another value'
            ? 'not-named'
            : 'no-error'
    await expectNext(trial, talk, { type: 'error', message: named }, { saw, hint })
  }
  await stillAnswers(trial, talk, 'You answered by an error.')
}

/** What can become of something that no server can use. */
const REFUSED: Readonly<Record<string, Hint>> = {
  crash: [
    'One client said something that your program could not read, and the process ended: every client is gone.',
    'Look at the line named. Who catches what is thrown there?',
    'Whatever a listener throws, and whatever a promise rejects that nobody waits for, ends the process. A server reads what strangers send, and stays.',
  ],
  silent: [
    'A client said something that you do not know, and got no answer.',
    'Look at every way through your answer: which of them ends without a word?',
    'A program that gets no answer waits, or tries again. An error is an answer like any other.',
  ],
  closed: [
    'A client said something that you do not know, and you closed its connection.',
    'Look for what closes: close, terminate, or an error that is not caught.',
    'A wrong message is one wrong message. Whoever closes for it makes the client come back, and say it again.',
  ],
  'not-named': [
    'The client got an error, and its message does not say what was wrong.',
    'Look at what you put into the message: is anything of what the client sent in it?',
    'An error is read by somebody who looks for a mistake. It names the thing and quotes the value.',
  ],
  'no-error': [
    'The client said something that is no message of yours, and the answer is no error.',
    'Look at how you find out what the client wants: what is everything else taken for?',
    'A server answers what it knows and refuses the rest, by name. What it takes for something else it will do.',
  ],
  deaf: [
    'A client was told of an error, and then its ping was not answered.',
    'Look at what you do behind an error: do you still listen?',
    'The connection outlives the mistake. Everything that was possible before is possible after it.',
  ],
  twice: [
    'There came more than one answer to one message.',
    'Look for the place that answers: is it reached once for each message?',
    'One question, one answer. A client that counts on it is off by one from then on.',
  ],
}

const NO_WELCOME: Hint = [
  'The handshake was done, and then nothing came.',
  'Look at what happens when a client is there: is it told so, by the first message of the transcript?',
  'A program that connects waits for the server to say that it is ready. The handshake says only that something listens.',
]

const OTHER_WELCOME: Hint = [
  'The first message is not the one of the transcript.',
  'Look at the fields and at their spelling, letter by letter.',
  'A protocol is what both sides have agreed upon. The type says what a message is, and the client does nothing without it.',
]

const CLOSE_CODES = new Set([1001, 1012])

export const exercises: readonly Exercise[] = [
  {
    name: 'ws',
    hosted: { kind: 'transport', exported: 'ws' },
    checks: [
      {
        name: 'welcome',
        title: 'Welcomes a client that names no path',
        hints: {},
        async run(trial) {
          const talk = await meet(trial)
          const told = { saw: 'A client was welcomed, and then:', hint: OTHER_WELCOME }
          await expectQuiet(trial, talk, told)
        },
      },
      {
        name: 'ping',
        title: 'Answers a ping with a pong',
        hints: {
          silent: [
            'A client said ping, and got no answer.',
            'Look for what listens to the messages of this client, and at what it does with one.',
            'A message comes as an event, whenever the client likes. Who does not listen never hears it.',
          ],
          other: [
            'The answer to a ping is not a pong.',
            'Look at what you read from the text before you compare it, and at what you send.',
            'Text is all that comes. It is made an object by JSON.parse, and what it is stands in its type.',
          ],
        },
        async run(trial) {
          const talk = await meet(trial)
          const hint = (amiss: Amiss) => (amiss === 'nothing' ? 'silent' : 'other')
          for (let i = 0; i < 2; i++) {
            talk.say({ type: 'ping' })
            await expectNext(trial, talk, { type: 'pong' }, { saw: 'A client said ping. You answered:', hint })
          }
        },
      },
      {
        name: 'no-json',
        title: 'Answers what is no JSON by an error, and stays',
        hints: REFUSED,
        run: (trial) => refuses(trial, [['hello', /json|hello/i]]),
      },
      {
        name: 'unknown-type',
        title: 'Answers a type that it does not know by an error that names it',
        hints: REFUSED,
        run: (trial) => refuses(trial, [[{ type: 'dance' }, /dance/]]),
      },
      {
        name: 'anything',
        title: 'Answers whatever else JSON may be by an error',
        hints: REFUSED,
        run: (trial) =>
          refuses(
            trial,
            [null, 42, 'ping', ['ping'], {}, { type: null }, { type: ['ping'] }, { type: 'constructor' }].map(
              (message) => [typeof message === 'string' ? JSON.stringify(message) : message, /./] as const,
            ),
          ),
      },
      {
        name: 'for-one-alone',
        title: 'Tells nobody else of an error',
        hints: {
          'told-all': [
            'One client made a mistake, and another one was told of it.',
            'Look at whom you send an error to: is it the one who spoke, or everybody you know?',
            'An answer goes to whoever asked. The others do not know the question, and take it for their own.',
          ],
          ...REFUSED,
        },
        async run(trial) {
          const [one, other] = [await meet(trial), await meet(trial)]
          one.say('hello')
          const saw = 'One of two clients said what is no JSON. It got:'
          await expectNext(trial, one, { type: 'error' }, { saw, hint: 'silent' })
          const told = { saw: 'One of two clients said what is no JSON. The other one got:', hint: 'told-all' }
          await expectQuiet(trial, other, told)
        },
      },
      {
        name: 'as-published',
        title: 'Sends each message of the room when it is published, once and in order',
        hints: {
          nothing: [
            'A message was published in the room of a client, and the client was not told.',
            'Look at what you follow the feed with: the room, the place where reading begins, and what is done with each batch.',
            'The client asked once, by connecting. From then on it is the server that speaks, whenever there is something.',
          ],
          other: [
            'The client got something else than the messages of its room, once each and in their order.',
            'Look at what you make of a batch: it may hold several events, and each is a message of its own.',
            'The feed tells of commits. A WebSocket has messages: a client reads one event from each.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const talk = await enter(trial, first?.id)
          const hint = (amiss: Amiss) => (amiss === 'nothing' || amiss === 'closed' ? 'nothing' : 'other')
          for (const texts of [['two'], ['three', 'four', 'five']]) {
            const published = await trial.publish(...texts)
            const ids = published.map(({ id }) => id)
            const what = ids.length > 1 ? `${ids[0]} to ${ids.at(-1)} were` : `${ids[0]} was`
            const saw = `The client is in ${trial.room}, and ${what} published. You sent:`
            for (const id of ids) await expectNext(trial, talk, { type: 'message', id }, { saw, hint })
            await expectQuiet(trial, talk, { saw, hint })
          }
        },
      },
      {
        name: 'behind-its-cursor',
        title: 'Begins behind the cursor that the client brings',
        hints: {
          'from-now-on': [
            'A client came back with its cursor, and was not sent what it had missed.',
            'Look at where you begin to follow: at the cursor, or at the end of the room?',
            'A connection breaks, and the messages go on. The cursor says what the client has, so that nothing is lost in between.',
          ],
          'too-much': [
            'A client came back with its cursor, and was sent what it had already.',
            'Look at where you begin to follow: at the cursor, or at the beginning of the room?',
            'What a client has it need not be sent again: it would show everything twice.',
          ],
        },
        async run(trial) {
          const [first, second, third] = await trial.publish('one', 'two', 'three')
          const talk = await enter(trial, first?.id)
          const saw = `The client has ${first?.id}; ${second?.id} and ${third?.id} were published before it came. You sent:`
          const hint = (amiss: Amiss) => (amiss === 'another value' ? 'too-much' : 'from-now-on')
          for (const event of [second, third])
            await expectNext(trial, talk, { type: 'message', id: event?.id ?? '' }, { saw, hint })
        },
      },
      {
        name: 'rooms-apart',
        title: 'Sends each client what is said in its own room, once',
        hints: {
          'another-room': [
            'A message was published in one room, and a client of another room got it.',
            'Look at whom you write to when the feed calls you: is it the client for which you follow?',
            'Each client has its own following of its own room. Who writes to all connections there are has one room with many names.',
          ],
          twice: [
            'Two clients were in the room, and one of them got a message that was not for it, or one twice.',
            'Look at whom you write to when the feed calls you: is it the client for which you follow?',
            'The feed calls you once for each client that follows. What it hands you is for that one.',
          ],
          'one-place': [
            'Two clients were in the room, and one of them was not sent the message.',
            'Look at where you keep a client: is there one place for all, or one for each?',
            'Whoever comes is added, and nobody is pushed out.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const here = [await enter(trial, first?.id), await enter(trial, first?.id)]
          const elsewhere = await enter(trial, '0', 'elsewhere')
          const [second] = await trial.publish('two')
          const saw = `${second?.id} was published in ${trial.room}. A client of ${trial.room} got:`
          for (const talk of here) {
            await expectNext(trial, talk, { type: 'message', id: second?.id ?? '' }, { saw, hint: 'one-place' })
            await expectQuiet(trial, talk, { saw, hint: 'twice' })
          }
          const told = `${second?.id} was published in ${trial.room}. A client of another room got:`
          await expectQuiet(trial, elsewhere, { saw: told, hint: 'another-room' })
        },
      },
      {
        name: 'says',
        title: 'Publishes what a client says, and refuses what is no message',
        hints: {
          'not-accepted': [
            'A client said something in its room, and was not told that it was accepted.',
            'Look at what you do with the type message: the file has a function for it, and it takes its time.',
            'Publishing is over when the feed has it. Until then the client does not know whether it has been heard.',
          ],
          'not-told': [
            'A client said something, and another one in the room did not hear it.',
            'Look at the room that you publish in: is it the one that the client is in?',
            'What comes up by one connection goes down by all of them, through the feed, and not past it.',
          ],
          ...REFUSED,
        },
        async run(trial) {
          const { room } = trial
          const [first] = await trial.publish('one')
          const [talk, other] = [await enter(trial, first?.id), await enter(trial, first?.id)]
          talk.say({ type: 'message', user: 'Ada' })
          const hint = (amiss: Amiss) =>
            amiss === 'closed'
              ? 'closed'
              : amiss === 'nothing'
                ? 'silent'
                : amiss === 'another value'
                  ? 'not-named'
                  : 'no-error'
          const sawNo = 'A client sent a message without a text. You answered:'
          await expectNext(trial, talk, { type: 'error', message: /text/ }, { saw: sawNo, hint })
          talk.say({ type: 'message', user: 'Ada', text: 'hello', key: 'a' })
          const saw = 'A client sent a message. You answered:'
          await trial.until('both are here', () => talk.untaken.length > 1).catch(() => {})
          // The event may come before the word that it was accepted, or behind it.
          const isAccepted = talk.untaken.some((text) => text.includes('"accepted"'))
          if (!isAccepted) await expectNext(trial, talk, { type: 'accepted', key: 'a' }, { saw, hint: 'not-accepted' })
          const told = { saw: 'A client sent a message. Another client of the room got:', hint: 'not-told' }
          await expectNext(trial, other, { type: 'message', room, user: 'Ada', text: 'hello' }, told)
        },
      },
      {
        name: 'a-breach',
        title: 'Outlives a client that breaks the protocol',
        hints: {
          crash: [
            'One client sent more than a message may hold, and the process ended: every client is gone.',
            'Look at the events of a client that you listen to. There is one for trouble on its connection.',
            'An error event without a listener is thrown, and what is thrown outside of everything ends the process. ws has closed the connection already; all that is left to do is to hear of it.',
          ],
          'not-closed': [
            'One client sent more than a message may hold, and its connection stayed open.',
            'Look at what you handed to the handshakes: is it still what says how long a message may be?',
            'A server that reads messages of any length holds as much memory as strangers like.',
          ],
          'others-too': [
            'One client broke the protocol, and another one was not answered any more.',
            'Look at what you do when there is trouble on one connection.',
            'What one does must not end the others.',
          ],
        },
        async run(trial) {
          const [breaks, stays] = [await meet(trial), await meet(trial)]
          breaks.say(Buffer.alloc(17 * 1024, 'x'))
          await trial.until('it is closed', () => breaks.closed).catch(() => {})
          await expectClosed(trial, breaks, 'One of two clients sent 17 KiB in one message:', 'not-closed')
          stays.say({ type: 'ping' })
          const saw = 'One of two clients broke the protocol. The other one said ping:'
          await expectNext(trial, stays, { type: 'pong' }, { saw, hint: 'others-too' })
        },
      },
      {
        name: 'a-client-that-left',
        title: 'Forgets a client that has left, and no other',
        hints: {
          'still-followed': [
            'A client had closed its connection, and you went on following the feed for it.',
            'Look for what tells you that a client has gone: it has an event for it.',
            'What was begun for a client ends with it. Who does not notice reads the feed for the dead, and each message takes longer than the one before.',
          ],
          'others-too': [
            'One of two clients left, and the other one was not told of the next message.',
            'Look at what you take away when a connection closes: is it that client’s own?',
            'What a client takes along is what was made for it. The rest belongs to others.',
          ],
        },
        async run(trial) {
          const [first] = await trial.publish('one')
          const leaves = await enter(trial, first?.id)
          const stays = await enter(trial, first?.id)
          const both = (await trial.reads()).following
          leaves.socket.close()
          // Who has one follower for the whole room keeps it.
          if (both > 1) await followersGo(trial, both - 1, 'A client left')
          const [second] = await trial.publish('two')
          const saw = `One of two clients left, and then ${second?.id} was published. To the other you sent:`
          await expectNext(trial, stays, { type: 'message', id: second?.id ?? '' }, { saw, hint: 'others-too' })
          // Without a close frame, as when a phone goes into a tunnel and its system is still there.
          stays.socket.terminate()
          await followersGo(trial, 0, 'Two clients came and left')
        },
      },
      {
        name: 'goodbye',
        title: 'Closes every connection when the server stops, and says why',
        hints: {
          'left-open': [
            'The server was about to stop, and you left a connection open.',
            'Look at the function that serve returns: whom does it know?',
            'A server that stops waits for its connections, and these do not end by themselves. Who is told to go comes back to the next process.',
          ],
          'cut-off': [
            'The server was about to stop, and you cut a connection without a word.',
            'Look at how you close: a WebSocket has a frame for it.',
            'To a client a cut is an accident (1006). A close with a code says what happened, and whether to come back.',
          ],
          'all-is-well': [
            'The server was about to stop, and said that all is well, or nothing.',
            'Look at what you hand to close: the code is the first of it.',
            'The code is what a client acts on: 1000 means that the conversation is over; 1001 and 1012 that the server goes, and that there will be another one.',
          ],
        },
        async run(trial) {
          const talks = [await meet(trial), await enter(trial, '0'), await enter(trial, '0')]
          await trial.goodbye()
          for (const talk of talks) {
            await trial.until('it is closed', () => talk.closed).catch(() => {})
            const saw = 'The server said goodbye while three connections were open. One of them:'
            await expectClosed(trial, talk, saw, 'left-open')
            const { code = 0 } = talk.closed ?? {}
            if (CLOSE_CODES.has(code)) continue
            const { bytes } = talk.shown()
            const at = bytes.lastIndexOf('code: ') + 'code: '.length
            throw new Wrong({ saw, bytes, at, wanted: '1012', hint: code === 1006 ? 'cut-off' : 'all-is-well' })
          }
        },
      },
    ],
  },
]

async function expectClosed(trial: Trial, talk: Conversation, saw: string, hint: string): Promise<void> {
  // Where the process has ended, that is the finding.
  await trial.reads().catch(() => new Promise(() => {}))
  if (talk.closed) return
  const bytes = `${talk.shown().bytes}\n`
  throw new Late({ saw, bytes, at: bytes.length, wanted: 'the end of the connection', hint })
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
