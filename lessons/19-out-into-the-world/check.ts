import { join } from 'node:path'
import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Late, Unclear, Wrong } from '../kit/finding.ts'
import type { Hint } from '../kit/finding.ts'
import type { Trial } from '../kit/trial.ts'
import type { Asked } from './asker.ts'
import { startChat } from './chat.ts'
import type { Chat } from './chat.ts'
import { NO_END, NO_REQUEST, REJECTED, words } from './hints.ts'

const here = (...parts: readonly string[]) => join(import.meta.dirname, ...parts)

/** Time in which a program has to react to bytes; long, because only a wrong program uses all of it. */
const SOON_MS = 2000

const piece = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`
const DONE = 'data: [DONE]\n\n'

/** Cuts bytes into pieces of one byte. */
const byteByByte = (text: string): readonly Uint8Array[] => Array.from(Buffer.from(text), (byte) => Uint8Array.of(byte))

/** A hint, or a function that chooses it by what the program did. */
type HintFor = string | Hint | ((asked: Asked) => string | Hint)

/** The question that every page asks. */
const QUESTION = 'Count from one to three, "slowly".'

interface Question {
  readonly chat: Chat
  seen(): Promise<Asked>
  /** Waits. Resolves with false if the condition does not hold in time. */
  soon(holds: (asked: Asked) => boolean): Promise<boolean>
  /** Throws what was sent, and a line with what the program did and what it should have done. */
  differs(saw: string, hint: string | Hint, did: string, wanted: string, Kind?: typeof Wrong): never
  /** Waits for the end of the function, and throws unless it has this end. */
  ends(end: Asked['end'], saw: string, hint: HintFor, late?: string | Hint): Promise<Asked>
  /** Throws unless the page was given exactly this text. */
  showed(text: string, saw: string, hint: HintFor): Promise<void>
}

/** Asks a new server a question with the student's function. The server has received the request when `run` begins. */
async function question(
  trial: Trial,
  run: (question: Question) => Promise<void>,
  { stopAfter = 0, page = 0 } = {},
): Promise<void> {
  await using chat = await startChat()
  const seen = async () => (await trial.call('seen', page)) as Asked
  const soon: Question['soon'] = async (holds) => {
    try {
      return await trial.until('it holds', async () => holds(await seen()), SOON_MS)
    } catch (error) {
      if (error instanceof Unclear) return false
      throw error
    }
  }
  const differs: Question['differs'] = (saw, hint, did, wanted, Kind = Wrong) => {
    const above = `${chat.sent}\n\nask `
    throw new Kind({ saw, bytes: above + did, at: above.length, wanted, hint })
  }
  const hinted = (hint: HintFor, asked: Asked) => (typeof hint === 'function' ? hint(asked) : hint)
  await trial.call('begin', page, chat.url, QUESTION, stopAfter)
  if (!(await soon(() => chat.asked !== null)))
    throw new Late({ saw: 'The page asked a question. Your function sent no request.', hint: NO_REQUEST })
  await run({
    chat,
    seen,
    soon,
    differs,
    async ends(end, saw, hint, late = NO_END) {
      const isOver = await soon((asked) => asked.end !== 'none')
      const asked = await seen()
      const wanted = end === 'resolved' ? 'resolves' : 'rejects'
      if (!isOver) return differs(saw, late, 'is still waiting', wanted, Late)
      const did = asked.end === 'resolved' ? 'resolves' : `rejects with ${JSON.stringify(asked.message)}`
      return asked.end === end ? asked : differs(saw, hinted(hint, asked), did, wanted)
    },
    async showed(text, saw, hint) {
      const asked = await seen()
      if (asked.text === text) return
      const above = `${chat.sent}\n\nthe page shows `
      const [found, wanted] = [JSON.stringify(asked.text), JSON.stringify(text)]
      const first = Array.from(found).findIndex((sign, i) => sign !== wanted[i])
      const at = first < 0 ? found.length : first
      throw new Wrong({
        saw,
        bytes: above + found,
        at: above.length + at,
        wanted: wanted.slice(at),
        hint: hinted(hint, asked),
      })
    },
  })
}

/** Sends a whole answer, and expects its text and that the function resolves. */
async function expectAnswer(
  trial: Trial,
  pieces: readonly (string | Uint8Array)[],
  text: string,
  saw: string,
  hint: HintFor,
): Promise<void> {
  await question(trial, async ({ chat, ends, showed }) => {
    chat.head()
    await chat.send(...pieces)
    chat.end()
    await ends('resolved', saw, hint)
    await showed(text, saw, hint)
  })
}

const NO_ROOM = { error: { message: 'Too many requests. Try again in 20 seconds.', type: 'rate_limit' } }
const OVERLOADED = { error: { message: 'The model is overloaded.', code: 502 } }

export const exercises: readonly Exercise[] = [
  {
    name: 'stream',
    hosted: { kind: 'part', exported: 'ask', replacedPath: here('start/stream.ts'), programPath: here('asker.ts') },
    withinMs: 60_000,
    checks: checksFrom(words.stream, {
      async 'the-question'(trial) {
        await question(trial, async ({ chat }) => {
          const { method, type, body } = chat.asked ?? { method: '', type: '', body: '' }
          const wrong = (hint: string, wanted: string): never => {
            const saw = 'The page asked a question. Your function sent this request:'
            const head = `${method} /v1/chat/completions\ncontent-type: ${type}\n\n`
            throw new Wrong({
              saw,
              bytes: head + body,
              at: hint === 'method' || hint === 'type' ? 0 : head.length,
              wanted,
              hint,
            })
          }
          if (method !== 'POST') wrong('method', 'POST')
          if (!/^application\/json(?:;|$)/i.test(type)) wrong('type', 'content-type: application/json')
          const sent = jsonIn(body)
          const last = sent?.messages?.at(-1)
          if (sent === null) wrong('another-question', 'JSON')
          if (sent?.model !== 'small') wrong('no-model', '"model": "small"')
          if (sent?.stream !== true) wrong('no-stream', 'a body with "stream": true')
          if (last?.role !== 'user' || last.content !== QUESTION) wrong('another-question', JSON.stringify(QUESTION))
        })
      },
      async 'the-text'(trial) {
        const hint = ({ text, end }: Asked) => {
          if (end === 'rejected') return 'rejected'
          if (text === '') return 'nothing'
          return text.includes('{') ? 'raw' : 'not-the-text'
        }
        const saw = 'The server sent an answer in three pieces.'
        await expectAnswer(trial, [piece('One'), piece(', two'), DONE], 'One, two', saw, hint)
      },
      async 'as-it-comes'(trial) {
        await question(trial, async ({ chat, seen, soon, differs, ends, showed }) => {
          const saw = 'The server sent the first word, and is still thinking about the second one.'
          chat.head()
          await chat.send(piece('One'))
          if (!(await soon(({ text }) => text !== ''))) differs(saw, 'late', 'has shown nothing', 'shows "One"', Late)
          await showed('One', saw, 'late')
          if ((await seen()).end !== 'none') differs(saw, 'too-early', 'has ended', 'waits')
          await chat.send(piece(', two'), DONE)
          chat.end()
          await ends('resolved', 'The server sent the whole answer.', REJECTED)
          await showed('One, two', 'The server sent the whole answer.', 'late')
        })
      },
      async 'many-in-one-piece'(trial) {
        const hint = ({ text, end }: Asked) => {
          if (end === 'rejected') return 'all-as-one'
          return text === 'One' ? 'first-only' : 'some-only'
        }
        const saw = 'The server sent the whole answer in one piece.'
        await expectAnswer(
          trial,
          [piece('One') + piece(', two') + piece(', three') + DONE],
          'One, two, three',
          saw,
          hint,
        )
      },
      async 'half-a-line'(trial) {
        const whole = piece('One') + piece(', two') + DONE
        const hint = ({ end }: Asked) => (end === 'rejected' ? 'half-json' : 'lost-half')
        for (const cut of [3, 20, whole.indexOf('\n'), whole.indexOf('\n') + 1, whole.indexOf('[DONE]') + 2]) {
          const saw = 'The server sent the answer, and one piece ended in the middle of an event.'
          await expectAnswer(trial, [whole.slice(0, cut), whole.slice(cut)], 'One, two', saw, hint)
        }
        const saw = 'The server sent the answer byte by byte.'
        await expectAnswer(trial, byteByByte(whole), 'One, two', saw, hint)
      },
      async 'half-a-character'(trial) {
        for (const text of ['Grüße', '世界', '🎉 done']) {
          const hint = ({ text: shown }: Asked) => (shown.includes('\ufffd') ? 'broken' : 'lost-bytes')
          const saw = `The answer was ${JSON.stringify(text)}, and the server sent it byte by byte.`
          const [before = '', after = ''] = piece(text).split(text)
          await expectAnswer(trial, [before, ...byteByByte(text), after, DONE], text, saw, hint)
        }
      },
      async 'two-at-once'(trial) {
        const cut = (text: string) => {
          const bytes = Buffer.from(piece(text) + DONE)
          // The second byte of the first character of the text.
          const place = bytes.indexOf(text) + 1
          return [bytes.subarray(0, place), bytes.subarray(place)] as const
        }
        const saw = 'The page asked a second question, while the answer to the first one was half there.'
        await question(trial, async (first) => {
          const [begin, end] = cut('Üben')
          first.chat.head()
          await first.chat.send(begin)
          await question(
            trial,
            async (second) => {
              second.chat.head()
              await second.chat.send(...cut('öfter'))
              second.chat.end()
              await second.ends('resolved', saw, 'mixed')
              await second.showed('öfter', saw, 'mixed')
            },
            { page: 1 },
          )
          await first.chat.send(end)
          first.chat.end()
          await first.ends('resolved', saw, 'mixed')
          await first.showed('Üben', saw, 'mixed')
        })
      },
      async 'every-text'(trial) {
        for (const [text, hint] of [
          [' a space first, and last ', 'trimmed'],
          ['\n\n', 'trimmed'],
          ['two\nlines', 'cut-up'],
          ['[DONE]', 'looks-like-it'],
          ['data: [DONE]', 'looks-like-it'],
          ['{"error":{"message":"no"}}', 'looks-like-it'],
          ['a line separator\u2028inside', 'cut-up'],
          ['"quoted" \\ and <b>marked</b>', 'cut-up'],
          ['0', 'cut-up'],
        ] as const) {
          const saw = `The answer was ${JSON.stringify(text)}.`
          await expectAnswer(trial, [piece('> '), piece(text), piece(' <'), DONE], `> ${text} <`, saw, hint)
        }
      },
      async 'other-lines'(trial) {
        const saw = 'The server sent an answer, and lines beside it.'
        const role = 'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":null}}]}\n\n'
        const ended = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
        const noDelta = 'data: {"choices":[{"index":0,"finish_reason":"length"}]}\n\n'
        const noChoices = 'data: {"id":"7"}\n\n'
        const usage = 'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}\n\n'
        const noSpace = piece(', two').replace('data: ', 'data:')
        const two = 'One, two'
        await expectAnswer(
          trial,
          [': processing\n\n', piece('One'), ': data: [DONE]\n\n', piece(', two'), DONE],
          two,
          saw,
          'a-comment',
        )
        await expectAnswer(
          trial,
          ['event: message\nid: 7\n', piece('One'), 'retry: 3000\n\n', piece(', two'), DONE],
          two,
          saw,
          'a-field',
        )
        await expectAnswer(
          trial,
          [role, piece('One'), piece(', two'), ended, noDelta, noChoices, usage, DONE],
          two,
          saw,
          'no-content',
        )
        await expectAnswer(trial, [piece('One'), noSpace, DONE.replace('data: ', 'data:')], two, saw, 'no-space')
        const windows = (piece('One') + piece(', two') + DONE).replaceAll('\n', '\r\n')
        await expectAnswer(trial, [windows], two, saw, 'carriage-return')
        const cut = windows.indexOf('\r') + 1
        await expectAnswer(trial, [windows.slice(0, cut), windows.slice(cut)], two, saw, 'carriage-return')
      },
      async done(trial) {
        await question(trial, async ({ chat, soon, differs, ends, showed }) => {
          const saw = 'The server sent [DONE], and left the connection open.'
          chat.head()
          await chat.send(piece('One'), DONE + piece(', two'))
          await ends('resolved', saw, 'an-error', 'waits')
          await showed('One', saw, 'goes-on')
          if (!(await soon(() => chat.isClosed))) differs(saw, 'still-connected', 'keeps the connection', 'ends it')
        })
      },
      async refused(trial) {
        await question(trial, async ({ chat, ends, showed }) => {
          const saw = 'The server refused the question.'
          chat.head(429, 'application/json')
          await chat.send(JSON.stringify(NO_ROOM))
          chat.end()
          const { message } = await ends('rejected', saw, 'resolved')
          await showed('', saw, 'shown')
          if (!message.includes(NO_ROOM.error.message))
            await wrongMessage(chat, saw, message, NO_ROOM.error.message, 'own-words')
        })
        for (const [status, body] of [
          [502, '<html><h1>Bad Gateway</h1></html>'],
          [500, '{"detail":"no"}'],
          [503, ''],
          [401, 'null'],
        ] as const) {
          await question(trial, async ({ chat, ends, showed }) => {
            const saw = `A proxy responded with ${status}, without an error in JSON.`
            chat.head(status, 'text/html')
            if (body !== '') await chat.send(body)
            chat.end()
            const { message } = await ends('rejected', saw, 'resolved')
            await showed('', saw, 'shown')
            if (!message.includes(String(status))) await wrongMessage(chat, saw, message, String(status), 'no-status')
          })
        }
      },
      async 'error-in-the-middle'(trial) {
        const withChoices = { ...OVERLOADED, choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }] }
        for (const error of [OVERLOADED, withChoices]) {
          await question(trial, async ({ chat, soon, differs, ends, showed }) => {
            const saw = 'The server sent a word, and then an error. It left the connection open.'
            chat.head()
            await chat.send(piece('One'), `data: ${JSON.stringify(error)}\n\n`)
            const { message } = await ends('rejected', saw, 'resolved', 'waits')
            await showed('One', saw, 'shown')
            if (!message.includes(OVERLOADED.error.message))
              await wrongMessage(chat, saw, message, OVERLOADED.error.message, 'own-words')
            if (!(await soon(() => chat.isClosed))) differs(saw, 'still-connected', 'keeps the connection', 'ends it')
          })
        }
      },
      async 'ends-early'(trial) {
        for (const [last, isCut] of [
          [piece('One'), false],
          [piece('One') + piece(', two').slice(0, 20), false],
          ['', false],
          [piece('One'), true],
        ] as const) {
          await question(trial, async ({ chat, soon, ends }) => {
            const saw = `The server ${isCut ? 'lost the connection' : 'ended the response'} without [DONE].`
            chat.head()
            if (last !== '') {
              await chat.send(last)
              await soon(({ text }) => text !== '')
            }
            if (isCut) chat.cut()
            else chat.end()
            await ends('rejected', saw, isCut ? 'cut' : 'resolved')
          })
        }
      },
      async abort(trial) {
        await question(trial, async ({ chat, soon, differs, ends }) => {
          const saw = 'The page showed the first word. Then the user pressed Stop.'
          chat.head()
          await chat.send(piece('One'))
          await soon(({ text }) => text !== '')
          await trial.call('abort', 0)
          if (!(await soon(() => chat.isClosed))) differs(saw, 'goes-on', 'keeps the connection', 'ends it')
          await ends('rejected', saw, 'resolved')
        })
        for (const last of ['', DONE]) {
          await question(
            trial,
            async ({ chat, ends, showed }) => {
              const saw = 'The server sent three words in one piece. The user pressed Stop after the first one.'
              chat.head()
              await chat.send(piece('One') + piece(', two') + piece(', three') + last)
              await ends('rejected', saw, 'resolved', 'goes-on')
              await showed('One', saw, 'shows-more')
            },
            { stopAfter: 1 },
          )
        }
      },
    }),
  },
]

interface Sent {
  readonly model?: unknown
  readonly stream?: unknown
  readonly messages?: readonly { readonly role?: unknown; readonly content?: unknown }[]
}

function jsonIn(text: string): Sent | null {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

async function wrongMessage(chat: Chat, saw: string, message: string, wanted: string, hint: string): Promise<never> {
  const above = `${chat.sent}\n\nask rejects with `
  throw new Wrong({ saw, bytes: above + JSON.stringify(message), at: above.length, wanted, hint })
}
