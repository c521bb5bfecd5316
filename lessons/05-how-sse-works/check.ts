import type { Exercise } from '../kit/exercise.ts'
import { Wrong } from '../kit/exercise.ts'
import { expectData, expectEventStream, openStream, settled, waitFor } from '../kit/stream.ts'
import type { Trial } from '../kit/trial.ts'

const LINE_END = /\r\n|\n|\r/

const streamOf = (trial: Trial, texts: readonly string[]) =>
  openStream(trial, `/stream?${texts.map((text) => `text=${encodeURIComponent(text)}`).join('&')}`)

/** What a browser makes of a text: it knows one line end, whichever was written. */
const asRead = (text: string) => text.split(LINE_END).join('\n')

const quoted = (texts: readonly string[]) => texts.map((text) => JSON.stringify(text)).join(' and ')

export const exercises: readonly Exercise[] = [
  {
    name: 'event-stream',
    hosted: { kind: 'server' },
    checks: [
      {
        name: 'the-content-type',
        title: 'Says that it is an event stream',
        hints: {
          'no-type': [
            'The answer does not say what it is, and a browser closes it.',
            'Look at the headers that go out with the status.',
            'Anything can be text. The content type is how a client knows that this answer goes on, and is to be read event by event.',
          ],
          'other-type': [
            'The answer says that it is something other than an event stream, and a browser closes it.',
            'Look at the value of content-type, letter by letter: there is one type that EventSource takes.',
            'An EventSource that is answered by another type gives up for good. It does not guess (WHATWG HTML, section 9.2.3).',
          ],
        },
        async run(trial) {
          const stream = streamOf(trial, ['hello'])
          const hint = (seen: string) => (seen === 'missing' ? 'no-type' : 'other-type')
          await expectEventStream(trial, stream, { saw: 'A client asked for the stream. You answered:', hint })
        },
      },
      {
        name: 'one-event',
        title: 'Sends a text as an event, complete with the blank line at its end',
        hints: {
          'no-data': [
            'A blank line ended your event, and there was no data in it: nothing is delivered.',
            'Look at how each line begins: which field is the text in?',
            'A line is a field: a name, a colon, a value. A line whose name is not known is passed over without a word.',
          ],
          'no-blank-line': [
            'The event is there, and the client is still waiting for its end.',
            'Look at the last characters that you write for an event, also for the last event.',
            'The blank line is what sends an event off. Until it comes there may be another field of the same event.',
          ],
          'not-the-text': [
            'An event arrived, and what is in it is not the text.',
            'Look at what stands between the colon and the end of the line.',
            'What is between the colon and the line end is the data, character by character. Quotes and escapes belong to JSON, not to the stream.',
          ],
        },
        async run(trial) {
          const stream = streamOf(trial, ['hello'])
          const saw = 'The text was "hello". You wrote:'
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
      },
      {
        name: 'the-next-event',
        title: 'Keeps a second event apart from the first, and as readable',
        hints: {
          merged: [
            'Two texts were sent, and the client got them as one.',
            'Look at what stands between the end of the first event and the beginning of the second.',
            'Lines of data that follow each other are one event with several lines. Only a blank line parts events.',
          ],
          'byte-order-mark': [
            'A line begins with a byte order mark, which is invisible, and the client does not know the field.',
            'Look for U+FEFF in what you write, or for an encoding "with BOM".',
            'One byte order mark at the very beginning of a stream is taken off. Any other is a part of the name of a field, which is then another name.',
          ],
          unknown: [
            'The second event did not arrive.',
            'Look at what you write for the second event that you do not write for the first, or the other way round.',
            'A stream has no memory for an event: each begins with nothing and ends with a blank line.',
          ],
        },
        async run(trial) {
          const stream = streamOf(trial, ['one', 'two'])
          const saw = 'The texts were "one" and "two". You wrote:'
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
      },
      {
        name: 'goes-on',
        title: 'Leaves the answer open',
        hints: {
          ended: [
            'The event arrived, and then you ended the answer.',
            'Look at what you call when the last event has been written.',
            'An EventSource that sees the end comes back after some seconds and asks again: polling, with more effort. A stream is an answer that does not end.',
          ],
          'said-its-length': [
            'Your answer says how long it is, and a client that has so many bytes takes it for ended.',
            'Look at the headers that go out with the status: which of them speaks of the end?',
            'Content-Length (RFC 9110, section 8.6) is a promise. Who does not know yet what will be said cannot give it; chunks need none.',
          ],
        },
        async run(trial) {
          const stream = streamOf(trial, ['hello'])
          const saw = 'The text was "hello". You wrote:'
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
            saw: 'You wrote the event, and then the end of the answer:',
            bytes,
            at: bytes.length,
            wanted: 'nothing, for now',
            hint: 'ended',
          })
        },
      },
      {
        name: 'several-lines',
        title: 'Delivers a text of several lines whole',
        hints: {
          'first-line-only': [
            'The text had several lines, and the client got the first of them alone.',
            'Look at how the second line of the text begins on the wire: which field is it?',
            'A line end ends a field. Each line of a text needs the name of the field before it; the reader joins them again.',
          ],
          'not-the-text': [
            'The text had several lines, and the client got something else.',
            'Look at what becomes of each line end on its way.',
            'Lines of data are joined by one line feed each, and the last one is taken off. Blank lines of a text are lines, too.',
          ],
        },
        async run(trial) {
          for (const text of ['two\nlines', 'a blank line\n\nbetween']) await expectText(trial, text)
        },
      },
      {
        name: 'carriage-returns',
        title: 'Knows all three ends of a line',
        hints: {
          'first-line-only': [
            'The text had a carriage return in it, and the client lost what came behind.',
            'Look at what you take for the end of a line: which characters can it be?',
            'A line of an event stream ends by LF, by CR LF, or by CR alone. Whoever parts lines at LF only lets a text write fields of its own.',
          ],
          'not-the-text': [
            'The text had carriage returns in it, and the client got other lines than it has.',
            'Look at whether CR LF counts as one line end or as two, and at whether any is dropped.',
            'CR LF is one end of a line, LF CR are two. What the client gets has LF for each of them.',
          ],
        },
        async run(trial) {
          for (const text of ['old\rlines', 'lines\r\nof Windows', 'a blank line\n\rbetween', 'harmless\rdata: forged'])
            await expectText(trial, text)
        },
      },
      {
        name: 'to-the-letter',
        title: 'Delivers every character, whatever it looks like',
        hints: {
          'a-blank': [
            'The text began with a blank, and the client got it without.',
            'Look at what stands behind the colon of data.',
            'A reader takes one blank off behind the colon, if there is one. Yours is to be there, so that it does not take the text’s.',
          ],
          trimmed: [
            'The text had something at its beginning or its end that the client did not get.',
            'Look for what cleans the text up: it also takes byte order marks and blanks for dirt.',
            'A stream carries what it is given. What belongs to a text is for its writer to say.',
          ],
          empty: [
            'The text was empty, and no event arrived.',
            'Look at what you write for a text without a character.',
            'An event with empty data is one, as long as there is a line of data. A block without such a line is none.',
          ],
          'not-the-text': [
            'The client got another text than the one that was sent.',
            'Look at what you do with colons, and at the encoding.',
            'The first colon of a line parts name and value; all others are text. Event streams are always UTF-8.',
          ],
        },
        async run(trial) {
          for (const text of ['\ufeffa mark first', 'a blank last ', 'a line end last\n'])
            await expectText(trial, text, 'trimmed')
          await expectText(trial, ' a blank first', 'a-blank')
          await expectText(trial, '', 'empty')
          for (const text of [': no comment', 'id: 7', 'Grüße, 世界 🎉']) await expectText(trial, text, 'not-the-text')
        },
      },
    ],
  },
]

async function expectText(trial: Trial, text: string, hinted?: string): Promise<void> {
  // The second shows what the first may have left behind.
  const stream = streamOf(trial, [text, 'next'])
  const saw = `The texts were ${quoted([text, 'next'])}. You wrote:`
  await waitFor(trial, stream, () => /next/.test(stream.soFar.body), { saw, hint: hinted ?? 'not-the-text' })
  await settled(trial)
  const [first] = asRead(text).split('\n')
  const found = stream.read.events[0]?.data
  const hint = hinted ?? (found === first ? 'first-line-only' : 'not-the-text')
  await expectData(trial, stream, [asRead(text), 'next'], { saw, hint })
}
