import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Wrong } from '../kit/finding.ts'
import type { Trial } from '../kit/trial.ts'
import { ProgramEnded } from '../kit/trouble.ts'
import { words } from './hints.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Keys to hash; the first one is the example in the RFC. */
const KEYS = ['dGhlIHNhbXBsZSBub25jZQ==', 'x3JJHMbDL1EzLkh7GBhXDw==']

const CONTINUATION = 0x0
const TEXT = 0x1
const BINARY = 0x2
const CLOSE = 0x8
const PING = 0x9
const PONG = 0xa

const MASK = Buffer.from([0x0a, 0x14, 0x1e, 0x28])

interface Sent {
  /** The three bits after FIN, which an extension may use. Default: 0. */
  readonly reserved?: number
  /** Default: `MASK`. */
  readonly mask?: Buffer
  readonly fin?: boolean
  readonly opcode?: number
  readonly isMasked?: boolean
  readonly payload: Buffer
}

function bytesOf({ fin = true, reserved = 0, opcode = TEXT, isMasked = false, mask = MASK, payload }: Sent): Buffer {
  const { length } = payload
  const short = length > 65_535 ? 127 : length > 125 ? 126 : length
  const wide = Buffer.alloc(short === 127 ? 8 : short === 126 ? 2 : 0)
  if (short === 127) wide.writeBigUInt64BE(BigInt(length))
  if (short === 126) wide.writeUInt16BE(length)
  const head = Buffer.from([(fin ? 0x80 : 0) | reserved | opcode, (isMasked ? 0x80 : 0) | short])
  const masked = isMasked ? payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0)) : payload
  return Buffer.concat([head, wide, isMasked ? mask : Buffer.alloc(0), masked])
}

/** Bytes of all kinds. As a text they would change. */
const BYTES = Buffer.from([0x00, 0xff, 0x80, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0x0d, 0x0a, 0xfe])

const text = (length: number): Buffer =>
  Buffer.from('The quick brown fox. '.repeat(length / 21 + 1)).subarray(0, length)

/** First difference between the frame that was read and the one that was sent. */
type Difference =
  | { readonly is: 'threw' | 'null' | 'fin' | 'opcode' | 'length' }
  | { readonly is: 'payload'; readonly payload: Buffer }

interface Observed {
  readonly saw: string
  hint(difference: Difference): string
}

/** Calls `readFrame`, and throws `Wrong` unless it returns the frame that was sent. */
async function expectFrame(trial: Trial, sent: Sent, { saw, hint }: Observed, bytes = bytesOf(sent)): Promise<void> {
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
  if (found === null) return fail(`readFrame returns ${shown(read)}`, 18, 'a frame', { is: 'null' })
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

/** Returns the result of the student's function; calls `threw` with a sentence if it throws. */
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

/** Index of the first different byte among those that are shown; 0 if there is none. */
function firstDifference(some: Buffer, others: Buffer): number {
  const first = some.subarray(0, HEX_BYTES).findIndex((byte, i) => byte !== others[i])
  return Math.max(first, 0)
}

/** Bytes as `81 05 68 65 …`, with their number if not all are shown. `from` is the index of the first byte shown. */
function hex(bytes: Buffer, from = 0): string {
  const pairs = Array.from(bytes.subarray(from, HEX_BYTES), (byte) => byte.toString(16).padStart(2, '0'))
  if (bytes.length === from) return '(none)'
  return pairs.join(' ') + (bytes.length > HEX_BYTES ? ` … (${bytes.length} bytes)` : '')
}

const shown = (value: unknown): string => (value instanceof Uint8Array ? hex(Buffer.from(value)) : String(value))

interface Answered {
  readonly saw: string

  isRight(answer: Buffer | null): boolean
  readonly wanted: string
  hint(answer: Buffer | null): string
}

async function expectAnswer(
  trial: Trial,
  frame: Required<Pick<Sent, 'fin' | 'opcode' | 'payload'>>,
  expected: Answered,
): Promise<void> {
  const asked = `FIN, opcode 0x${frame.opcode.toString(16)}, payload ${hex(frame.payload)}\n\n`
  const call = 'answerTo returns '
  const answer = await called(trial, 'answerTo', [frame], (what) => {
    throw new Wrong({ saw: expected.saw, bytes: asked + what, hint: 'threw' })
  })
  const bytes = answer instanceof Uint8Array ? Buffer.from(answer) : null
  if (expected.isRight(bytes)) return
  throw new Wrong({
    saw: expected.saw,
    bytes: asked + call + shown(answer),
    at: asked.length + call.length,
    wanted: expected.wanted,
    hint: expected.hint(bytes),
  })
}

export const exercises: readonly Exercise[] = [
  {
    name: 'frames',
    hosted: { kind: 'functions' },
    checks: checksFrom(words.frames, {
      async accept(trial) {
        for (const key of KEYS) {
          const call = `acceptOf('${key}') is `
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
            bytes: call + String(answer),
            at: call.length,
            wanted: sha1(key + GUID).digest('base64'),
            hint: wrong[String(answer)] ?? 'other',
          })
        }
      },
      async 'a-frame'(trial) {
        const hint = ({ is }: Difference) => (is === 'null' ? 'not-there' : is)
        const frames: readonly [string, Sent][] = [
          ['A server sent the text "hello":', { payload: Buffer.from('hello') }],
          ['A server sent two bytes of binary data:', { opcode: BINARY, payload: Buffer.from([0x00, 0xff]) }],
          ['A server sent the first part of a text:', { fin: false, payload: Buffer.from('hel') }],
          ['A server sent the last part of a text:', { opcode: CONTINUATION, payload: Buffer.from('lo') }],
          ['A server sent a ping without a payload:', { opcode: PING, payload: Buffer.alloc(0) }],
          [
            'A server sent a text, and one of the three bits after FIN was set:',
            { reserved: 0x40, payload: Buffer.from('hello') },
          ],
        ]
        for (const [saw, sent] of frames) await expectFrame(trial, sent, { saw, hint })
      },
      async 'a-mask'(trial) {
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
        await expectFrame(trial, sent, { saw: 'A client sent the text "hello world":', hint })
        for (const [mask, payload] of [
          [Buffer.from([0xff, 0x80, 0x7f, 0x01]), BYTES],
          [Buffer.alloc(4), Buffer.from('hello')],
          [MASK, Buffer.alloc(0)],
        ] as const) {
          const saw = `A client sent ${payload.length} bytes with the mask ${hex(mask)}:`
          const hint = ({ is }: Difference) =>
            is === 'null' ? 'not-there' : is === 'length' || is === 'threw' ? is : 'payload'
          await expectFrame(trial, { opcode: BINARY, isMasked: true, mask, payload }, { saw, hint })
        }
      },
      async 'from-126-on'(trial) {
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
          const saw = `A ${isMasked ? 'client' : 'server'} sent a text of ${size} bytes:`
          await expectFrame(trial, { isMasked, payload }, { saw, hint })
        }
      },
      async 'from-65536-on'(trial) {
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
          const saw = `A ${isMasked ? 'client' : 'server'} sent a text of ${size} bytes:`
          await expectFrame(trial, { isMasked, payload: text(size) }, { saw, hint })
        }
      },
      async 'in-pieces'(trial) {
        for (const size of [0, 5, 126, 65_536]) {
          const sent = { isMasked: true, payload: text(size) }
          const whole = bytesOf(sent)
          // A long frame is cut within its first 140 bytes, and before its last byte.
          const counts = [...Array(Math.min(whole.length, 140)).keys(), whole.length - 1]
          for (const count of counts) {
            const bytes = whole.subarray(0, count)
            const saw = `The first ${count} of the ${whole.length} bytes of a frame have arrived:`
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
          const saw = `All ${whole.length} bytes of a frame have arrived, after your function had been called with the first ones:`
          await expectFrame(trial, sent, { saw, hint: () => 'too-early' })
        }
        // A length of eight bytes whose last four bytes alone would be 5.
        const head = Buffer.from([0x81, 0x7f, 0, 0, 0, 1, 0, 0, 0, 5])
        const bytes = Buffer.concat([head, text(5)])
        const saw = 'The head of a frame of 4,294,967,301 bytes and five bytes of its payload have arrived:'
        const fail = (line: string, hint: string): never => {
          throw new Wrong({ saw, bytes: `${hex(bytes)}\n\n${line}`, at: hex(bytes).length + 2, wanted: 'null', hint })
        }
        const read = await called(trial, 'readFrame', [bytes], (what) => fail(what, 'threw'))
        const found = frameIn(read)
        if (found) fail(`payload ${hex(found.payload)}, length ${found.length}`, 'low-half')
      },
      async 'two-in-one-read'(trial) {
        const first = { isMasked: true, payload: Buffer.from('one') }
        const bytes = Buffer.concat([bytesOf(first), bytesOf({ isMasked: true, payload: Buffer.from('two') })])
        const hint = ({ is }: Difference) => (is === 'payload' ? 'swallowed' : 'where')
        await expectFrame(
          trial,
          first,
          { saw: 'A client sent the texts "one" and "two", and both came in one read:', hint },
          bytes,
        )
      },
      async 'leaves-its-bytes'(trial) {
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
            saw: `Your function was called with ${bytes.length} bytes of a frame of ${whole.length}:`,
            bytes: `${lines}${hex(found)}`,
            at: lines.length + first * 'ff '.length,
            wanted: hex(bytes, first),
            hint,
          })
        }
      },
      async ping(trial) {
        for (const payload of [Buffer.from('are you there'), Buffer.alloc(0), BYTES, text(125)]) {
          const wanted = bytesOf({ opcode: PONG, payload })
          const saw =
            payload.length === 0 ? 'A ping without a payload came:' : `A ping with ${payload.length} bytes came:`
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
                if (((answer[1] ?? 0) & 0x80) !== 0) return 'masked'
                return payload === BYTES ? 'as-text' : 'another-payload'
              },
            },
          )
        }
      },
      async close(trial) {
        for (const payload of [
          Buffer.from([0x03, 0xe8]),
          Buffer.from([0x03, 0xe9, ...Buffer.from('\u00e9')]),
          Buffer.alloc(0),
        ]) {
          const status = payload.subarray(0, 2)
          await expectAnswer(
            trial,
            { fin: true, opcode: CLOSE, payload },
            {
              saw:
                payload.length === 0
                  ? 'A close frame without a status came:'
                  : `A close frame with the status ${payload.readUInt16BE(0)} came:`,
              isRight: isClose,
              wanted: hex(bytesOf({ opcode: CLOSE, payload: status })),
              hint: (answer) => {
                if (answer === null || answer.length === 0) return 'nothing'
                if (answer[0] !== (0x80 | CLOSE)) return 'no-close'
                return ((answer[1] ?? 0) & 0x80) !== 0 ? 'masked' : 'another-code'
              },
            },
          )
        }
      },
      async 'nothing-else'(trial) {
        for (const opcode of [PONG, TEXT, BINARY, CONTINUATION]) {
          await expectAnswer(
            trial,
            { fin: true, opcode, payload: Buffer.from('hello') },
            {
              saw: opcode === PONG ? 'A pong came:' : `A frame of a message came (opcode ${opcode}):`,
              isRight: (answer) => answer === null,
              wanted: 'null',
              hint: () => (opcode === PONG ? 'answers-a-pong' : 'answers-a-message'),
            },
          )
        }
      },
    }),
  },
]

/** True for a close frame without a payload, or with a status that may be sent and perhaps a reason (RFC 6455, section 7.4). */
function isClose(answer: Buffer | null): boolean {
  if (answer === null || answer[0] !== (0x80 | CLOSE) || answer[1] !== answer.length - 2) return false
  if (answer.length > 127) return false
  return answer.length === 2 || (answer.length > 3 && maySend(answer.readUInt16BE(2)) && isUtf8(answer.subarray(4)))
}

const maySend = (status: number): boolean =>
  (status >= 1000 && status <= 1003) || (status >= 1007 && status <= 1014) || (status >= 3000 && status <= 4999)
