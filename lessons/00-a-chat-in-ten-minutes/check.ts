import { converse, expectNext, expectQuiet } from '../kit/conversation.ts'
import type { Conversation, Mismatch } from '../kit/conversation.ts'
import { shown } from '../kit/expect.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Wrong } from '../kit/finding.ts'
import type { Trial } from '../kit/trial.ts'
import { words } from './hints.ts'

const meet = (trial: Trial): Promise<Conversation> => converse(trial, '/')

/** Texts that are no messages. */
const NO_MESSAGES = [
  'hello',
  '',
  '{"username":"Ada","mess',
  'null',
  '42',
  '"hello"',
  '[]',
  '{}',
  '{"username":"Ada"}',
  '{"message":"hello"}',
  '{"username":"Ada","message":42}',
  '{"username":null,"message":"hello"}',
  '{"username":{},"message":["hello"]}',
  new Uint8Array([0xff, 0xfe, 0x00]),
]

/** Expects this message next. */
async function expectMessage(
  trial: Trial,
  talk: Conversation,
  { username, message }: Message,
  saw: string,
  hint: (mismatch: Mismatch) => string,
): Promise<void> {
  await expectNext(trial, talk, { username, message }, { saw, hint })
}

interface Message {
  readonly username: string
  readonly message: string
}

/** True if the last message was binary; `converse` describes it by its length. */
const isBinary = ({ heard }: Conversation): boolean => /^\(\d+ bytes, binary\)$/.test(heard.at(-1) ?? '')

const isNothing = (mismatch: Mismatch): boolean => mismatch === 'nothing' || mismatch === 'closed'

/** Expects the number at /people; a client that has just left may be counted for a moment. */
async function expectPeople(trial: Trial, wanted: number, saw: string, hint: (found: number) => string): Promise<void> {
  let answer = await trial.get('/people')
  const isRight = async () => {
    answer = await trial.get('/people')
    return answer.body.trim() === String(wanted)
  }
  if (await trial.until('the number is right', isRight).catch(() => false)) return
  const bytes = shown(answer)
  const at = bytes.lastIndexOf('\n') + 1
  throw new Wrong({ saw, bytes, at, wanted: String(wanted), hint: hint(Number(answer.body)) })
}

/** Bytes that begin no WebSocket frame: the reserved bits are set. */
const NO_FRAME = new Uint8Array([0xff, 0xff, 0xff, 0xff])

/** Connects as a client of its own making, and sends bytes that are no frame. Resolves when the server has hung up. */
async function breakTheRules(trial: Trial): Promise<void> {
  const socket = trial.socket()
  let received = ''
  let isOver = false
  socket.on('close', () => (isOver = true)).setEncoding('latin1')
  socket.on('data', (more: string) => (received += more))
  const head = [
    'GET / HTTP/1.1',
    `Host: localhost:${trial.port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  await trial.until('the client is connected', () => received.includes('\r\n\r\n') || isOver)
  socket.write(NO_FRAME)
  await trial.until('the server has closed the connection', () => isOver)
}

export const exercises: readonly Exercise[] = [
  {
    name: 'chat',
    hosted: { kind: 'server' },
    checks: checksFrom(words.chat, {
      async 'comes-back'(trial) {
        const talk = await meet(trial)
        const said = { username: 'Ada', message: 'hello' }
        talk.say(said)
        const saw = 'A client sent a message. It received:'
        const hint = (mismatch: Mismatch) => (isNothing(mismatch) ? 'nothing' : isBinary(talk) ? 'binary' : 'changed')
        await expectMessage(trial, talk, said, saw, hint)
        await expectQuiet(trial, talk, { saw, hint: 'twice' })
      },
      async everybody(trial) {
        const talks = [await meet(trial), await meet(trial), await meet(trial)]
        for (const [i, speaker] of talks.entries()) {
          const said = { username: NAMES[i] ?? '', message: `<b>${i + 1}</b> \u{1f44b} "é"` }
          speaker.say(said)
          for (const [to, talk] of talks.entries()) {
            const saw = `Three clients are connected, and ${NAMES[i]} sent a message. ${NAMES[to]} received:`
            const hint = (mismatch: Mismatch) =>
              isNothing(mismatch) ? 'missing' : talk.heard.length > new Set(talk.heard).size ? 'twice' : 'changed'
            await expectMessage(trial, talk, said, saw, hint)
          }
        }
        for (const [to, talk] of talks.entries()) {
          const saw = `Three clients are connected, and each sent one message. ${NAMES[to]} received:`
          await expectQuiet(trial, talk, { saw, hint: 'twice' })
        }
      },
      async 'bad-json'(trial) {
        const [bad, other] = [await meet(trial), await meet(trial)]
        const good = { username: 'Ada', message: 'still here' }
        for (const text of NO_MESSAGES) {
          const shownText = typeof text === 'string' ? text : 'bytes'
          bad.say(text)
          // Messages of one client keep their order, so after this one everybody has received what the first one led to.
          bad.say(good)
          const saw = `A client sent ${shownText}, and then a good message. Another client received:`
          const hint = (mismatch: Mismatch) =>
            bad.closed || mismatch === 'closed' ? 'closed' : mismatch === 'nothing' ? 'deaf' : 'passed-on'
          await expectMessage(trial, other, good, saw, hint)
        }
      },
      async 'who-is-gone'(trial) {
        await expectPeople(trial, 0, 'Nobody is connected. The number at /people:', () => 'stays')
        const talks = [await meet(trial), await meet(trial), await meet(trial)]
        const [first, second, third] = talks
        if (!first || !second || !third) return
        const saw = 'Three clients are connected. The number at /people:'
        await expectPeople(trial, 3, saw, (found) => (found > 3 ? 'stays' : 'not-counted'))
        const hint = (left: number) => (found: number) => (found < left ? 'others-too' : 'stays')
        first.socket.close()
        await expectPeople(trial, 2, 'One of three clients has closed its connection. The number at /people:', hint(2))
        // Without a close frame, as when a browser crashes.
        second.socket.terminate()
        await expectPeople(trial, 1, 'The connection of a second client was cut. The number at /people:', hint(1))
        const said = { username: 'Eve', message: 'alone' }
        third.say(said)
        const alone = 'Two of three clients have left, and the third one sent a message. It received:'
        await expectMessage(trial, third, said, alone, () => 'deaf')
      },
      async 'breaks-the-rules'(trial) {
        const talk = await meet(trial)
        await breakTheRules(trial)
        const said = { username: 'Ada', message: 'still here' }
        talk.say(said)
        const saw = 'Somebody sent bytes that are no WebSocket frame. Then another client sent a message. It received:'
        await expectMessage(trial, talk, said, saw, () => 'deaf')
      },
    }),
  },
]

const NAMES = ['Ada', 'Bob', 'Eve']
