import { checksFrom } from '../kit/exercise.ts'
import type { Exercise } from '../kit/exercise.ts'
import { Wrong } from '../kit/finding.ts'
import { expectData, expectEventStream, openStream, settled, waitFor } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'
import { words } from './hints.ts'

const LINE_END = /\r\n|\n|\r/

const streamOf = (trial: Trial, texts: readonly string[]) =>
  openStream(trial, `/stream?${texts.map((text) => `text=${encodeURIComponent(text)}`).join('&')}`)

const HEAD_HINTS = {
  missing: 'no-type',
  'another status': 'other-status',
  'another type': 'other-type',
  parameters: 'charset',
} as const

/** Text as a browser delivers it: every line end becomes a line feed. */
const asRead = (text: string) => text.split(LINE_END).join('\n')

const quoted = (texts: readonly string[]) => texts.map((text) => JSON.stringify(text)).join(' and ')

export const exercises: readonly Exercise[] = [
  {
    name: 'event-stream',
    hosted: { kind: 'server' },
    checks: checksFrom(words['event-stream'], {
      async 'the-content-type'(trial) {
        const stream = streamOf(trial, ['hello'])
        await expectEventStream(trial, stream, {
          saw: 'A client asked for the stream. Your server responded:',
          hint: (fault) => HEAD_HINTS[fault],
        })
      },
      async 'one-event'(trial) {
        const stream = streamOf(trial, ['hello'])
        const saw = 'The text was "hello". Your server sent:'
        await waitFor(trial, stream, () => stream.soFar.body.includes('hello'), { saw, hint: 'no-data' })
        await settled(trial)
        const { events, openAt } = stream.read
        const { body } = stream.soFar
        if (events.length === 0 && /^\ufeff?data:/m.test(body.slice(openAt))) {
          const { bytes } = stream.shown
          throw new Wrong({ saw, bytes, at: bytes.length, wanted: 'a blank line', hint: 'no-blank-line' })
        }
        await expectData(trial, stream, ['hello'], { saw, hint: events.length > 0 ? 'not-the-text' : 'no-data' })
      },
      async 'the-next-event'(trial) {
        const stream = streamOf(trial, ['one', 'two'])
        const saw = 'The texts were "one" and "two". Your server sent:'
        await waitFor(trial, stream, () => stream.soFar.body.includes('two'), { saw, hint: 'unknown' })
        await settled(trial)
        const { events, strangers } = stream.read
        const merged = events[0]?.data.includes('two')
        const marked = strangers.find(({ name }) => name.startsWith('\ufeff'))
        const { bytes, bodyAt } = stream.shown
        if (marked) {
          throw new Wrong({ saw, bytes, at: bodyAt + marked.at, wanted: 'data', hint: 'byte-order-mark' })
        }
        await expectData(trial, stream, ['one', 'two'], { saw, hint: merged ? 'merged' : 'unknown' })
      },
      async 'goes-on'(trial) {
        const stream = streamOf(trial, ['hello'])
        const saw = 'The text was "hello". Your server sent:'
        await waitFor(trial, stream, () => stream.soFar.body.includes('hello'), { saw, hint: 'ended' })
        await settled(trial)
        const { bytes } = stream.shown
        const length = stream.soFar.headers['content-length']
        if (length !== undefined) {
          const at = bytes.indexOf('content-length: ')
          throw new Wrong({ saw, bytes, at, wanted: 'no such header', hint: 'said-its-length' })
        }
        if (!stream.exchange) return
        throw new Wrong({
          saw: 'Your server sent the event, and then the end of the response:',
          bytes,
          at: bytes.length,
          wanted: 'no end yet',
          hint: 'ended',
        })
      },
      async 'several-lines'(trial) {
        for (const text of ['two\nlines', 'a blank line\n\nbetween']) await expectText(trial, text)
      },
      async 'carriage-returns'(trial) {
        for (const text of ['old\rlines', 'lines\r\nof Windows', 'a blank line\n\rbetween', 'harmless\rdata: forged'])
          await expectText(trial, text)
      },
      async 'to-the-letter'(trial) {
        for (const text of ['\ufeffa mark first', 'a space last ', 'a line end last\n'])
          await expectText(trial, text, 'trimmed')
        await expectText(trial, ' a space first', 'a-space')
        await expectText(trial, '', 'empty')
        for (const text of [': no comment', 'id: 7', 'Grüße, 世界 🎉']) await expectText(trial, text, 'not-the-text')
      },
    }),
  },
]

async function expectText(trial: Trial, text: string, hinted?: string): Promise<void> {
  // The second text shows whether the first one left anything behind.
  const stream = streamOf(trial, [text, 'next'])
  const saw = `The texts were ${quoted([text, 'next'])}. Your server sent:`
  await waitFor(trial, stream, () => /next/.test(stream.soFar.body), { saw, hint: hinted ?? 'not-the-text' })
  await settled(trial)
  const [first] = asRead(text).split('\n')
  const found = stream.read.events[0]?.data
  const hint = hinted ?? (found === first ? 'first-line-only' : 'not-the-text')
  await expectData(trial, stream, [asRead(text), 'next'], { saw, hint })
}
