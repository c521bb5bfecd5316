/** Event bytes of random answers and streams. fast-check prints the seed of a failure. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { transports } from '../../../server/transports/index.ts'
import type { EventReading } from '../../../server/transports/listed.ts'
import { pieced } from '../wire/pieced.ts'

const EVENTS = fc.array(
  fc.record({ id: fc.string(), text: fc.string({ unit: 'grapheme' }), deep: fc.jsonValue({ maxDepth: 2 }) }),
)

const bytesIn = (texts: string[]): number => texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)

function count({ body }: EventReading, text: string, cuts: number[]) {
  const bytes = Buffer.from(text)
  const events: string[] = []
  const count = body?.((event) => events.push(event)) ?? expect.unreachable('It reads no body.')
  const shares = pieced(
    bytes,
    cuts.filter((cut) => cut <= bytes.length),
  ).map((piece) => count(piece))
  return {
    payload: shares.reduce((sum, { payload }) => sum + payload, 0),
    heartbeats: shares.reduce((sum, { heartbeats }) => sum + heartbeats, 0),
    events: events.map((event) => Buffer.from(event, 'latin1').toString()),
  }
}

test('in the answer to a poll, only the JSON of the events counts as payload', () => {
  fc.assert(
    fc.property(EVENTS, fc.array(fc.nat(500)), (events, cuts) => {
      const presence = { here: [{ userId: 'ada', name: 'Ada', tabs: 1 }], typing: [] }
      const answer = JSON.stringify({ events, cursor: '[{"', gap: false, more: true, presence })
      const texts = events.map((event) => JSON.stringify(event))
      expect(count(transports['short-poll'].reading, answer, cuts)).toEqual({
        payload: bytesIn(texts),
        heartbeats: 0,
        events: texts,
      })
    }),
  )
})

const HEARTBEATS = [':hb\n\n', ':hb\nevent: heartbeat\ndata:\n\n']

test('in an event stream, the JSON of the events counts as payload, and comments count as heartbeats', () => {
  const block = fc.oneof(
    fc.record({ event: fc.jsonValue() }),
    fc.constantFrom(...HEARTBEATS, 'retry: 1000\nid: a.1\n\n', 'event: gap\nid: a.1\ndata: {"type":"gap"}\n\n'),
  )
  fc.assert(
    fc.property(fc.array(block), fc.array(fc.nat(500)), (blocks, cuts) => {
      const events: string[] = []
      const text = blocks
        .map((block) => {
          if (typeof block === 'string') return block
          events.push(JSON.stringify(block.event))
          return `id: a.1\ndata: ${JSON.stringify(block.event)}\n\n`
        })
        .join('')
      expect(count(transports.sse.reading, text, cuts)).toEqual({
        payload: bytesIn(events),
        heartbeats: blocks.filter((block) => typeof block === 'string' && HEARTBEATS.includes(block)).join('').length,
        events,
      })
    }),
  )
})

test('only the line of a comment inside an event counts as a heartbeat', () => {
  expect(count(transports.sse.reading, 'id: 1\n:hb\ndata:{}\n\n', [])).toEqual({
    payload: 2,
    heartbeats: 4,
    events: ['{}'],
  })
})

test('in lines of JSON, the JSON of the events counts as payload, and a heartbeat counts with its line break', () => {
  const line = fc.oneof(
    fc.record({ event: fc.record({ id: fc.string(), at: fc.integer(), text: fc.string({ unit: 'grapheme' }) }) }),
    fc.constantFrom('{"type":"heartbeat"}', '{"type":"gap","cursor":"a.1"}', 'no JSON', ''),
  )
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(500)), (lines, cuts) => {
      const events = lines.flatMap((line) => (typeof line === 'string' ? [] : [JSON.stringify(line.event)]))
      const text = lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line.event)}\n`).join('')
      const heartbeats = lines.filter((line) => line === '{"type":"heartbeat"}').length
      expect(count(transports.stream.reading, text, cuts)).toEqual({
        payload: bytesIn(events),
        heartbeats: heartbeats * '{"type":"heartbeat"}\n'.length,
        events,
      })
    }),
  )
})
