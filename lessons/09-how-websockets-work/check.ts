import { createHash } from 'node:crypto'
import type { Exercise } from '../kit/exercise.ts'
import { Wrong } from '../kit/exercise.ts'
import type { Trial } from '../kit/trial.ts'
import { ProgramEnded } from '../kit/trouble.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** The first is the RFC's own example. */
const KEYS = ['dGhlIHNhbXBsZSBub25jZQ==', 'x3JJHMbDL1EzLkh7GBhXDw==']

const CONTINUATION = 0x0
const TEXT = 0x1
const BINARY = 0x2
const CLOSE = 0x8
const PING = 0x9
const PONG = 0xa

const MASK = Buffer.from([0x0a, 0x14, 0x1e, 0x28])

interface Sent {
  readonly fin?: boolean
  readonly opcode?: number
  readonly isMasked?: boolean
  readonly payload: Buffer
}

function bytesOf({ fin = true, opcode = TEXT, isMasked = false, payload }: Sent): Buffer {
  const { length } = payload
  const short = length > 65_535 ? 127 : length > 125 ? 126 : length
  const wide = Buffer.alloc(short === 127 ? 8 : short === 126 ? 2 : 0)
  if (short === 127) wide.writeBigUInt64BE(BigInt(length))
  if (short === 126) wide.writeUInt16BE(length)
  const head = Buffer.from([(fin ? 0x80 : 0) | opcode, (isMasked ? 0x80 : 0) | short])
  const masked = isMasked ? payload.map((byte, i) => byte ^ (MASK[i % 4] ?? 0)) : payload
  return Buffer.concat([head, wide, isMasked ? MASK : Buffer.alloc(0), masked])
}

const text = (length: number): Buffer =>
  Buffer.from('The quick brown fox. '.repeat(length / 21 + 1)).subarray(0, length)

/** How a frame was read that is not the one that was sent. */
type Difference =
  | { readonly is: 'threw' | 'null' | 'fin' | 'opcode' | 'length' }
  | { readonly is: 'payload'; readonly payload: Buffer }

interface Told {
  readonly saw: string
  hint(difference: Difference): string
}

/** Reads the first frame of the bytes, which by rights is the one that was sent. */
async function expectFrame(trial: Trial, sent: Sent, { saw, hint }: Told, bytes = bytesOf(sent)): Promise<void> {
  const { fin = true, opcode = TEXT, payload } = sent
  const lines = [hex(bytes), '']
  const fail = (line: string, at: number, wanted: string, difference: Difference): never => {
    const above = lines.join('\n')
    throw new Wrong({
      saw,
      bytes: `${above}\n${line}`,
      at: above.length + 1 + at,
      wanted,
      hint: hint(difference),
    })
  }
  const read = await called(trial, 'readFrame', [bytes], (what) => fail(what, 0, 'a frame', { is: 'threw' }))
  const found = frameIn(read)
  if (found === null) return fail(`readFrame answers ${shown(read)}`, 18, 'a frame', { is: 'null' })
  const fields = [
    ['fin', 'fin ', String(found.fin), String(fin)],
    ['opcode', ', opcode ', `0x${found.opcode.toString(16)}`, `0x${opcode.toString(16)}`],
    ['payload', ', payload ', hex(found.payload), hex(payload)],
    ['length', ', length ', String(found.length), String(bytesOf(sent).length)],
  ] as const
  const line = fields.map(([, name, value]) => name + value).join('')
  let at = 0
  for (const [is, name, value, wanted] of fields) {
    at += name.length
    if (is !== 'payload') {
      if (value !== wanted) fail(line, at, wanted, { is })
    } else if (!found.payload.equals(payload)) {
      const first = firstDifference(found.payload, payload)
      fail(line, at + first * 'ff '.length, hex(payload, first), { is, payload: found.payload })
    }
    at += value.length
  }
}

/** What the student's function gives back; what it throws is handed to `threw`. */
async function called(
  { call }: Trial,
  name: string,
  args: readonly unknown[],
  threw: (what: string) => never,
): Promise<unknown> {
  try {
    return await call(name, ...args)
  } catch (error) {
    if (error instanceof ProgramEnded || error instanceof Wrong) throw error
    return threw(`${name} threw ${String(error instanceof Error ? error.message : error).split('\n')[0]}`)
  }
}

function frameIn(read: unknown) {
  if (typeof read !== 'object' || read === null || !('frame' in read)) return null
  const { frame } = read
  if (typeof frame !== 'object' || frame === null) return null
  const { fin, opcode, payload }: { fin?: unknown; opcode?: unknown; payload?: unknown } = frame
  return {
    fin: fin === true,
    opcode: Number(opcode),
    payload: payload instanceof Uint8Array ? Buffer.from(payload) : Buffer.alloc(0),
    length: 'length' in read ? Number(read.length) : NaN,
  }
}

const HEX_BYTES = 16

/** Of those that are shown; else the beginning. */
function firstDifference(some: Buffer, others: Buffer): number {
  const first = some.subarray(0, HEX_BYTES).findIndex((byte, i) => byte !== others[i])
  return Math.max(first, 0)
}

/** `81 05 68 65 …`, and how many where there are more. `from`: where the showing begins. */
function hex(bytes: Buffer, from = 0): string {
  const pairs = Array.from(bytes.subarray(from, HEX_BYTES), (byte) => byte.toString(16).padStart(2, '0'))
  if (bytes.length === from) return '(none)'
  return pairs.join(' ') + (bytes.length > HEX_BYTES ? ` \u2026 (${bytes.length} bytes)` : '')
}

const shown = (value: unknown): string => (value instanceof Uint8Array ? hex(Buffer.from(value)) : String(value))

interface Answered {
  readonly saw: string
  /** Whether these bytes are right. */
  isRight(answer: Buffer | null): boolean
  readonly wanted: string
  hint(answer: Buffer | null): string
}

async function expectAnswer(trial: Trial, frame: Required<Omit<Sent, 'isMasked'>>, told: Answered): Promise<void> {
  const asked = `FIN, opcode 0x${frame.opcode.toString(16)}, payload ${hex(frame.payload)}\n\n`
  const says = 'answerTo answers '
  const answer = await called(trial, 'answerTo', [frame], (what) => {
    throw new Wrong({ saw: told.saw, bytes: asked + what, hint: 'threw' })
  })
  const bytes = answer instanceof Uint8Array ? Buffer.from(answer) : null
  if (told.isRight(bytes)) return
  throw new Wrong({
    saw: told.saw,
    bytes: asked + says + shown(answer),
    at: asked.length + says.length,
    wanted: told.wanted,
    hint: told.hint(bytes),
  })
}

const ANSWER_THREW = [
  'A frame as any client may send it made your function throw.',
  'Look at what you do with the payload: it may have any length up to 125, also none.',
  'What comes from a client is never a reason to fall over. One connection’s bytes must not end the others.',
] as const

const NOT_THERE = [
  'All bytes of the frame are there, and you say that they are not, or not yet.',
  'Look at how you get from the second byte to the number of bytes that have to be there.',
  'The head says how long the frame is. A length that is read wrongly waits for bytes that nobody will send.',
] as const

const LENGTH = [
  'The frame is read, and the number of bytes that it took is wrong.',
  'Look at what you add up: the head, the wide length where there is one, the mask where there is one, the payload.',
  'There is nothing between two frames. Whoever is one byte off takes a letter for a head, and never finds back.',
] as const

const READ_THREW = [
  'A frame that is whole made your function throw.',
  'Look at the places that you read from: do they lie within the bytes?',
  'A server reads what strangers send. Before it reads a byte it knows that the byte is there.',
] as const

export const exercises: readonly Exercise[] = [
  {
    name: 'frames',
    hosted: { kind: 'functions' },
    checks: [
      {
        name: 'accept',
        title: 'Answers a key with the right Sec-WebSocket-Accept',
        hints: {
          'no-guid': [
            'You hashed the key alone.',
            'Look at the constant at the top of the file: where does it come in?',
            'Every program could hash a key, by chance or because it is a cache. The fixed text shows that the server knows what a WebSocket is.',
          ],
          hex: [
            'The hash is the right one, and it is written in hexadecimal.',
            'Look at the form in which you take the digest.',
            'A hash is bytes. A field of HTTP holds text, so that both sides have to agree how bytes are written: here in base64.',
          ],
          decoded: [
            'You turned the key back into bytes before you hashed it.',
            'Look at what you do to the key first: nothing is to be done.',
            'The key looks like base64, and to the server it is just text: it is hashed letter by letter, as it came.',
          ],
          order: [
            'You put the fixed text in front of the key.',
            'Look at the order of the two.',
            'A hash of other bytes is another hash, be it the same bytes in another order.',
          ],
          other: [
            'The browser would compute another value, and close the connection.',
            'Look at the three steps: what is put together, which hash, in which letters.',
            'The handshake proves that the server has read this very request: an answer from a cache, or from a server that knows nothing of WebSockets, does not fit.',
          ],
        },
        async run(trial) {
          for (const key of KEYS) {
            const says = `acceptOf('${key}') is `
            const answer = await called(trial, 'acceptOf', [key], (what) => {
              throw new Wrong({ saw: 'A client sent this key:', bytes: `${key}\n\n${what}`, hint: 'other' })
            })
            const sha1 = (what: string | Buffer) => createHash('sha1').update(what)
            if (answer === sha1(key + GUID).digest('base64')) continue
            const decoded = Buffer.concat([Buffer.from(key, 'base64'), Buffer.from(GUID)])
            const wrong: Readonly<Record<string, string>> = {
              [sha1(key).digest('hex')]: 'no-guid',
              [sha1(key).digest('base64')]: 'no-guid',
              [sha1(key + GUID).digest('hex')]: 'hex',
              [sha1(decoded).digest('base64')]: 'decoded',
              [sha1(GUID + key).digest('base64')]: 'order',
            }
            throw new Wrong({
              saw: 'A client asked for a WebSocket and sent a key:',
              bytes: says + String(answer),
              at: says.length,
              wanted: sha1(key + GUID).digest('base64'),
              hint: wrong[String(answer)] ?? 'other',
            })
          }
        },
      },
      {
        name: 'a-frame',
        title: 'Reads a short frame: FIN, opcode, payload and length',
        hints: {
          'not-there': NOT_THERE,
          threw: READ_THREW,
          fin: [
            'The payload is there, and FIN is not what the first byte says.',
            'Look at the highest bit of the first byte.',
            'A message may come in several frames. FIN says which one is its last; a frame without it is a part.',
          ],
          opcode: [
            'The payload is there, and the opcode is not the one that was sent.',
            'Look at which bits of the first byte you take: the upper four are not part of it.',
            'Several things share a byte here. Each is cut out with a mask of bits before it is compared.',
          ],
          payload: [
            'The payload that you read is not the one that was sent.',
            'Look at where it begins and where it ends. This frame has no mask.',
            'Behind the head comes the payload at once, and it is exactly as long as the head says.',
          ],
          length: LENGTH,
        },
        async run(trial) {
          const hint = ({ is }: Difference) => (is === 'null' ? 'not-there' : is)
          const frames: readonly [string, Sent][] = [
            ['The text "hello", from a server:', { payload: Buffer.from('hello') }],
            ['Two bytes that are no text, from a server:', { opcode: BINARY, payload: Buffer.from([0x00, 0xff]) }],
            ['The first part of a text, from a server:', { fin: false, payload: Buffer.from('hel') }],
            ['The last part of it:', { opcode: CONTINUATION, payload: Buffer.from('lo') }],
            ['A ping without a payload:', { opcode: PING, payload: Buffer.alloc(0) }],
          ]
          for (const [saw, sent] of frames) await expectFrame(trial, sent, { saw, hint })
        },
      },
      {
        name: 'a-mask',
        title: 'Takes the mask off what a client sends',
        hints: {
          'not-there': [
            'All bytes of a masked frame are there, and you say that they are not, or not yet.',
            'Look at the second byte: its highest bit is no part of the length.',
            'The bit that says "masked" shares its byte with the length. Left in, it makes every length 128 too long.',
          ],
          threw: READ_THREW,
          masked: [
            'The payload came out as it crossed the wire, with its mask on.',
            'Look at the four bytes before the payload: each byte of it was combined with one of them.',
            'Combining twice with the same byte, by exclusive or, gives back what was there. So the mask is taken off the way it was put on.',
          ],
          'first-four': [
            'The first four bytes are right, and what follows is not.',
            'Look at which byte of the mask belongs to the fifth byte of the payload.',
            'The mask has four bytes and the payload any number: the mask begins anew every four bytes.',
          ],
          'mask-in-payload': [
            'The payload begins with the mask.',
            'Look at where the payload begins when there is a mask before it.',
            'What is in the head moves all that is behind it. The mask is the last part of the head.',
          ],
          payload: [
            'The payload that you read is not the one that was sent.',
            'Look at where the mask stands, and at how each byte is combined with it.',
            'Byte number i of the payload belongs to byte number i modulo 4 of the mask (section 5.3).',
          ],
          length: LENGTH,
        },
        async run(trial) {
          const payload = Buffer.from('hello world')
          const sent = { isMasked: true, payload }
          const raw = bytesOf(sent).subarray(6)
          const hint = (difference: Difference) => {
            if (difference.is === 'null') return 'not-there'
            if (difference.is !== 'payload')
              return difference.is === 'length' ? 'length' : difference.is === 'threw' ? 'threw' : 'payload'
            const { payload: found } = difference
            if (found.equals(raw)) return 'masked'
            if (found.subarray(0, 4).equals(MASK)) return 'mask-in-payload'
            return found.subarray(0, 4).equals(payload.subarray(0, 4)) ? 'first-four' : 'payload'
          }
          await expectFrame(trial, sent, { saw: 'The text "hello world", from a client:', hint })
        },
      },
      {
        name: 'from-126-on',
        title: 'Reads lengths from 126 to 65,535',
        hints: {
          'taken-literally': [
            'You took 126 for the length of the payload.',
            'Look at the seven bits of the length: two of their values are no lengths at all.',
            'Seven bits reach to 127. The two highest values were set aside to say: the length comes behind, and this is how wide it is.',
          ],
          'not-there': [
            'All bytes of the frame are there, and you say that they are not, or not yet.',
            'Look at the two bytes behind the head: which of them counts more?',
            'On the network the byte that counts most comes first (big-endian). Read the other way round, 300 becomes 11,265.',
          ],
          moved: [
            'The length is right, and what you take for the payload begins at the wrong place.',
            'Look at where the mask and the payload are when the length takes two bytes more.',
            'What is in the head moves all that is behind it.',
          ],
          threw: READ_THREW,
          length: LENGTH,
        },
        async run(trial) {
          for (const [size, isMasked] of [
            [125, true],
            [300, false],
            [300, true],
            [126, false],
            [65_535, true],
          ] as const) {
            const payload = text(size)
            const hint = (difference: Difference) => {
              if (difference.is === 'null') return 'not-there'
              if (difference.is !== 'payload') return difference.is === 'threw' ? 'threw' : 'length'
              return difference.payload.length === 126 ? 'taken-literally' : 'moved'
            }
            const saw = `A text of ${size} bytes, from a ${isMasked ? 'client' : 'server'}:`
            await expectFrame(trial, { isMasked, payload }, { saw, hint })
          }
        },
      },
      {
        name: 'from-65536-on',
        title: 'Reads lengths from 65,536 on',
        hints: {
          'taken-literally': [
            'You took 127 for the length of the payload.',
            'Look at the seven bits of the length: two of their values are no lengths at all.',
            'Seven bits reach to 127. The two highest values were set aside to say: the length comes behind, and this is how wide it is.',
          ],
          'part-of-it': [
            'You found no payload, or a short one, in a frame of more than 65,535 bytes.',
            'Look at how many bytes of the length you read: 126 and 127 do not mean the same.',
            '126 is followed by a length of two bytes, 127 by one of eight. The first of those eight are 0 in every frame that you will ever meet.',
          ],
          'not-there': NOT_THERE,
          moved: [
            'The length is right, and what you take for the payload begins at the wrong place.',
            'Look at where the mask and the payload are when the length takes eight bytes more.',
            'What is in the head moves all that is behind it.',
          ],
          threw: [
            'A long frame made your function throw.',
            'Look at the type of a length of eight bytes, and at what you combine it with.',
            'Eight bytes reach further than a number of JavaScript is exact, so Node reads them as a BigInt. With numbers it does not mix: it has to be turned into one.',
          ],
          length: LENGTH,
        },
        async run(trial) {
          for (const [size, isMasked] of [
            [65_536, false],
            [70_000, true],
          ] as const) {
            const hint = (difference: Difference) => {
              if (difference.is === 'null') return 'not-there'
              if (difference.is !== 'payload') return difference.is === 'threw' ? 'threw' : 'length'
              const { length } = difference.payload
              return length === 127 ? 'taken-literally' : length < size ? 'part-of-it' : 'moved'
            }
            const saw = `A text of ${size} bytes, from a ${isMasked ? 'client' : 'server'}:`
            await expectFrame(trial, { isMasked, payload: text(size) }, { saw, hint })
          }
        },
      },
      {
        name: 'in-pieces',
        title: 'Says null until the last byte of a frame is there',
        hints: {
          'too-early': [
            'The frame was not there to its end, and you gave one back.',
            'Look at what you compare with the number of bytes that are there.',
            'TCP carries bytes and knows no frames: one read may bring half of one. What is not whole is kept until more comes.',
          ],
          threw: [
            'The frame was not there to its end, and you read beyond it.',
            'Look at every place from which you read: is it certain at that point that so many bytes are there?',
            'A read may end anywhere, also in the middle of the head. Each further step needs a look whether its bytes have come.',
          ],
        },
        async run(trial) {
          for (const size of [5, 126]) {
            const sent = { isMasked: true, payload: text(size) }
            const whole = bytesOf(sent)
            for (let count = 0; count < whole.length; count++) {
              const bytes = whole.subarray(0, count)
              const saw = `The first ${count} of the ${whole.length} bytes of a frame have come:`
              const fail = (line: string, hint: string): never => {
                throw new Wrong({
                  saw,
                  bytes: `${hex(bytes)}\n\n${line}`,
                  at: hex(bytes).length + 2,
                  wanted: 'null',
                  hint,
                })
              }
              const read = await called(trial, 'readFrame', [bytes], (what) => fail(what, 'threw'))
              const found = frameIn(read)
              if (found) fail(`payload ${hex(found.payload)}, length ${found.length}`, 'too-early')
            }
            const saw = `All ${whole.length} bytes of a frame have come, after you had seen the first of them:`
            await expectFrame(trial, sent, { saw, hint: () => 'too-early' })
          }
        },
      },
      {
        name: 'two-in-one-read',
        title: 'Reads one frame where there are several, and says where the next begins',
        hints: {
          swallowed: [
            'Two frames came in one read, and the payload of the first holds the second.',
            'Look at where the payload ends.',
            'TCP carries bytes and knows no frames: one read may bring two of them. Only the length in the head says where one ends.',
          ],
          where: [
            'Two frames came in one read. The first is read well, and the second is not to be found where you say.',
            'Look at the length that you give back: is it about the frame, or about all that was there?',
            'Whoever reads on begins at the length that you gave back. Behind it nothing must be missing and nothing come twice.',
          ],
        },
        async run(trial) {
          const first = { isMasked: true, payload: Buffer.from('one') }
          const bytes = Buffer.concat([bytesOf(first), bytesOf({ isMasked: true, payload: Buffer.from('two') })])
          const hint = ({ is }: Difference) => (is === 'payload' ? 'swallowed' : 'where')
          await expectFrame(trial, first, { saw: 'The texts "one" and "two", in one read:', hint }, bytes)
        },
      },
      {
        name: 'leaves-its-bytes',
        title: 'Leaves the bytes that it reads as they were',
        hints: {
          'in-place': [
            'You read a frame, and the bytes that you read it from were others afterwards.',
            'Look at where you put a byte when its mask is off: whose memory is that?',
            'A part of a Buffer is no copy: both are the same memory. Who asks again with these bytes would take the mask off what has none any more, and that puts it on.',
          ],
          'half-in-place': [
            'The frame was not there to its end, and the bytes of it that you were shown were others afterwards.',
            'Look at what you do before it is certain that all bytes are there, and at whose memory you write to.',
            'The caller keeps what is not whole and asks again with it. A mask that was taken off the first half already is put on again by then.',
          ],
        },
        async run(trial) {
          const whole = bytesOf({ isMasked: true, payload: text(20) })
          for (const [bytes, hint] of [
            [whole.subarray(0, 16), 'half-in-place'],
            [whole, 'in-place'],
          ] as const) {
            const { args } = await trial.called('readFrame', bytes)
            const [after] = args
            if (after instanceof Uint8Array && bytes.equals(after)) continue
            const found = after instanceof Uint8Array ? Buffer.from(after) : Buffer.alloc(0)
            const lines = `before: ${hex(bytes)}\nafter:  `
            const first = Math.max(
              0,
              found.findIndex((byte, i) => byte !== bytes[i]),
            )
            throw new Wrong({
              saw: `You were asked to read ${bytes.length} bytes of a frame of ${whole.length}:`,
              bytes: `${lines}${hex(found)}`,
              at: lines.length + first * 'ff '.length,
              wanted: hex(bytes, first),
              hint,
            })
          }
        },
      },
      {
        name: 'ping',
        title: 'Answers a ping with a pong of the same payload',
        hints: {
          nothing: [
            'A ping came, and you answered nothing.',
            'Look at what your function does for this opcode.',
            'A ping asks whether somebody is there. No answer means no, and the connection is closed.',
          ],
          'another-payload': [
            'Your pong does not hold what the ping held.',
            'Look at what is behind the two bytes of the head.',
            'The payload comes back as it was (section 5.5.3), so that whoever asked knows which of its pings was answered, and when it was sent.',
          ],
          masked: [
            'Your pong is masked, and it comes from a server.',
            'Look at the highest bit of the second byte.',
            'Clients mask and servers do not. A client that gets a masked frame has to close the connection (section 5.1).',
          ],
          'no-pong': [
            'What you answered to a ping is no pong.',
            'Look at the first byte: it holds FIN and the opcode.',
            'A frame that answers by itself is a whole message: FIN is set. The opcode says what it is.',
          ],
          threw: ANSWER_THREW,
        },
        async run(trial) {
          for (const said of ['are you there', '']) {
            const payload = Buffer.from(said)
            const wanted = bytesOf({ opcode: PONG, payload })
            const saw = said === '' ? 'A ping without a payload came:' : 'A ping came:'
            await expectAnswer(
              trial,
              { fin: true, opcode: PING, payload },
              {
                saw,
                isRight: (answer) => answer?.equals(wanted) ?? false,
                wanted: hex(wanted),
                hint: (answer) => {
                  if (answer === null || answer.length === 0) return 'nothing'
                  if (answer[0] !== wanted[0]) return 'no-pong'
                  return ((answer[1] ?? 0) & 0x80) !== 0 ? 'masked' : 'another-payload'
                },
              },
            )
          }
        },
      },
      {
        name: 'close',
        title: 'Answers a close with a close',
        hints: {
          nothing: [
            'The client closed, and you answered nothing.',
            'Look at what your function does for this opcode.',
            'Closing is a conversation: each side says that it will send no more. Without your word the client waits, and then reports an accident (1006).',
          ],
          'another-code': [
            'Your close gives another status than the one that came.',
            'Look at the first two bytes of the payload that you send.',
            'The payload of a close begins with a status of two bytes. Who answers repeats it (section 5.5.1), or says none.',
          ],
          'no-close': [
            'What you answered to a close is no close.',
            'Look at the first byte: it holds FIN and the opcode.',
            'Only a close frame ends a connection properly. Whatever else is sent after one is not read any more.',
          ],
          threw: ANSWER_THREW,
        },
        async run(trial) {
          for (const payload of [
            Buffer.from([0x03, 0xe8]),
            Buffer.from('\u0003\u00e9bye', 'latin1'),
            Buffer.alloc(0),
          ]) {
            const status = payload.subarray(0, 2)
            await expectAnswer(
              trial,
              { fin: true, opcode: CLOSE, payload },
              {
                saw:
                  payload.length === 0
                    ? 'A close without a status came:'
                    : `A close came, with the status ${payload.readUInt16BE(0)}:`,
                isRight: (answer) => isCloseOf(answer, status),
                wanted: hex(bytesOf({ opcode: CLOSE, payload: status })),
                hint: (answer) => {
                  if (answer === null || answer.length === 0) return 'nothing'
                  return answer[0] === (0x80 | CLOSE) ? 'another-code' : 'no-close'
                },
              },
            )
          }
        },
      },
      {
        name: 'nothing-else',
        title: 'Answers nothing else by itself',
        hints: {
          'answers-a-pong': [
            'A pong came, and you answered it.',
            'Look at which opcodes your condition holds for.',
            'An answer needs no answer. Two programs that answer each other’s pongs never stop.',
          ],
          'answers-a-message': [
            'A message came, and you answered it by yourself.',
            'Look at what your function does at its end.',
            'What a message means, and whether it wants an answer, the program above knows. The protocol answers for itself only.',
          ],
          threw: ANSWER_THREW,
        },
        async run(trial) {
          for (const opcode of [PONG, TEXT]) {
            await expectAnswer(
              trial,
              { fin: true, opcode, payload: Buffer.from('hello') },
              {
                saw: opcode === PONG ? 'A pong came:' : 'A text came:',
                isRight: (answer) => answer === null,
                wanted: 'null',
                hint: () => (opcode === PONG ? 'answers-a-pong' : 'answers-a-message'),
              },
            )
          }
        },
      },
    ],
  },
]

/** The reason may be repeated or left out, and the status too. */
function isCloseOf(answer: Buffer | null, status: Buffer): boolean {
  if (answer === null || answer[0] !== (0x80 | CLOSE) || answer[1] !== answer.length - 2) return false
  return answer.length === 2 || (status.length === 2 && answer.subarray(2, 4).equals(status))
}
