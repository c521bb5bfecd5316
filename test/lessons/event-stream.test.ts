/** Compares the reader of the checks with an independent parser of event streams. */
import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readStream } from '../../lessons/kit/event-stream.ts'

const PIECES = [
  'data',
  'id',
  'event',
  'retry',
  'other',
  ':',
  ': ',
  ' ',
  'a',
  '7',
  '\n',
  '\r',
  '\r\n',
  '\ufeff',
  '\0',
  '\u2028',
]

test('the checks read any text like eventsource-parser', () => {
  const pieces = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.constantFrom('data: a\n', 'id: 1\n', '\n\n')), {
    maxLength: 40,
  })
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = `${parts.join('')}\n\n`
      const wanted: { type: string; data: string }[] = []
      const parser = createParser({ onEvent: ({ event = 'message', data }) => wanted.push({ type: event, data }) })
      parser.feed(text)
      expect(readStream(text).events.map(({ type, data }) => ({ type, data }))).toEqual(wanted)
    }),
    { numRuns: 2000 },
  )
})

test('the reader keeps an id from event to event, and reports the position of each field', () => {
  const text = '\ufeffretry: 2s\nid: k.1\n\ndata: a\ndata:b\n\nid: k\0\ndata\n\nunheard: of\ndata: open'
  const { events, lastEventId, retry, openAt, strangers } = readStream(text)
  expect(events).toMatchObject([
    { type: 'message', data: 'a\nb', lastEventId: 'k.1' },
    { type: 'message', data: '', lastEventId: 'k.1' },
  ])
  expect(events[0]?.dataAt.map((at) => text[at])).toEqual(['a', 'b'])
  expect(lastEventId).toBe('k.1')
  expect(retry).toEqual({ value: '2s', at: 1 })
  expect(text.slice(openAt)).toBe('unheard: of\ndata: open')
  expect(strangers).toEqual([{ name: 'unheard', at: openAt }])
})
