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

/** Texts with characters that have a meaning in HTML, in JSON, in an address or in a string of JavaScript. */
const MARKUP = [
  '<b>1 & 2</b> "quoted" \'quoted\'',
  '&lt;',
  '1+1 = 2',
  '100%',
  '%41',
  '\\n',
  '"json"',
  '{"a":1}',
  '007',
  'null',
]

const ODD = [
  ': no comment',
  'id: 7',
  'data: twice',
  'Grüße, 世界 🎉',
  'e\u0301 is not \u00e9, and \ufb01 is not fi',
  'NUL \0 BEL \x07 ESC \x1b DEL \x7f',
]

/** Number of characters that a few comments have. */
const FEW = 100

/** Longer than any time after which a program might end a stream. */
const QUIET_MS = 5 * 60_000

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
        const [event] = stream.read.events
        if (!event || event.type === 'message') return
        const { bytes, bodyAt } = stream.shown
        const at = Math.max(bodyAt + event.at, bytes.indexOf('event:', bodyAt))
        throw new Wrong({ saw, bytes: bytes.trimEnd(), at, wanted: 'no event field', hint: 'a-type' })
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
        if (stream.soFar.headers['content-length'] !== undefined) {
          const at = bytes.indexOf('content-length: ')
          throw new Wrong({ saw, bytes, at, wanted: 'no such header', hint: 'said-its-length' })
        }
        const ended = {
          saw: 'Your server sent the event, and then the end of the response:',
          bytes,
          at: bytes.length,
          wanted: 'no end yet',
        }
        if (stream.exchange) throw new Wrong({ ...ended, hint: 'ended' })
        await trial.freeze()
        const [one, two] = [streamOf(trial, ['hello']), streamOf(trial, ['hello'])]
        for (const open of [one, two])
          await trial.until('the text has come', async () => {
            await trial.tick(100)
            return open.exchange ?? open.read.events.length > 0
          })
        for (const other of [stream, one])
          if (other.exchange)
            throw new Wrong({
              ...ended,
              saw: 'A second client came, and your server ended the first response:',
              hint: 'other-client',
            })
        const length = one.soFar.body.length
        await trial.tick(1000)
        await settled(trial)
        const more = one.soFar.body.slice(length)
        if (more.length > FEW)
          throw new Wrong({
            saw: `All events had been sent. In the next second, your server sent ${more.length} more characters:`,
            bytes: more.slice(0, FEW).trimEnd(),
            at: 0,
            wanted: 'nothing, or now and then a comment',
            hint: 'a-flood',
          })
        await trial.tick(QUIET_MS)
        await settled(trial)
        for (const open of [one, two]) {
          const minutes = `Nothing happened for ${QUIET_MS / 60_000} minutes. Your server sent:`
          const { bytes, bodyAt } = open.shown
          const more = open.read.events[1]
          if (open.exchange) throw new Wrong({ ...ended, saw: minutes, bytes, at: bytes.length, hint: 'ended-later' })
          if (more)
            throw new Wrong({
              saw: minutes,
              bytes: bytes.trimEnd(),
              at: bodyAt + more.at,
              wanted: 'nothing more',
              hint: 'more-later',
            })
        }
      },
      async 'each-text'(trial) {
        const texts = ['b', 'a', 'b', '', ...'0123456789', 'b']
        const stream = streamOf(trial, texts)
        const saw = `There were ${texts.length} texts. Some of them were equal, and one was empty. Your server sent:`
        await waitFor(trial, stream, () => stream.read.events.length >= texts.length, { saw, hint: 'not-each' })
        const found = stream.read.events.map(({ data }) => data)
        const isOrder = found.toSorted().join() === texts.toSorted().join()
        await expectData(trial, stream, texts, { saw, hint: isOrder ? 'order' : 'not-each' })
        const none = openStream(trial, '/stream?other=1')
        // The program has handled this request when a later one has its event.
        const later = streamOf(trial, ['later'])
        await waitFor(trial, later, () => later.read.events.length > 0, { saw, hint: 'not-each' })
        await settled(trial)
        if (!none.exchange && none.read.events.length === 0) return
        const { bytes, bodyAt } = none.shown
        const at = none.read.events.length > 0 ? bodyAt : bytes.length
        throw new Wrong({
          saw: 'A client asked for a stream without a text. Your server sent:',
          bytes,
          at,
          wanted: 'an open response without events',
          hint: 'no-text',
        })
      },
      async 'several-lines'(trial) {
        for (const text of ['two\nlines', 'a blank line\n\nbetween']) await expectText(trial, text)
        for (const text of ['U+2028\u2028inside', 'U+2029\u2029inside', 'U+0085\u0085inside', 'a\vb\fc'])
          await expectText(trial, text, 'no-line-end')
      },
      async 'carriage-returns'(trial) {
        for (const text of [
          'old\rlines',
          'lines\r\nof Windows',
          'a blank line\n\rbetween',
          'harmless\rdata: forged',
          'two\r\r\nends',
        ])
          await expectText(trial, text)
      },
      async 'to-the-letter'(trial) {
        for (const text of [
          '\ufeffa mark first',
          'a space last ',
          'a line end last\n',
          '\n',
          '\ta tab first',
          'a tab last\t',
        ])
          await expectText(trial, text, 'trimmed')
        for (const text of [' a space first', '  two spaces first', 'a space\n in the second line', '  '])
          await expectText(trial, text, 'a-space')
        await expectText(trial, '', 'empty')
        for (const text of MARKUP) await expectText(trial, text, 'escaped')
        await expectText(trial, 'long '.repeat(1000), 'shortened')
        for (const text of ODD) await expectText(trial, text, 'not-the-text')
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
