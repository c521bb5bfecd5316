/** fast-check prints the seed of what it finds. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countPollEvents, countStreamEvents } from '../../../server/lab/event-bytes.ts'
import { pieced } from '../wire/pieced.ts'

type Counter = typeof countPollEvents

const EVENTS = fc.array(
  fc.record({ id: fc.string(), text: fc.string({ unit: 'grapheme' }), deep: fc.jsonValue({ maxDepth: 2 }) }),
)

const bytesIn = (texts: string[]): number => texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)

function count(counter: Counter, text: string, cuts: number[]) {
  const bytes = Buffer.from(text)
  const count = counter()
  const shares = pieced(
    bytes,
    cuts.filter((cut) => cut <= bytes.length),
  ).map((piece) => count(piece))
  return {
    payload: shares.reduce((sum, { payload }) => sum + payload, 0),
    heartbeats: shares.reduce((sum, { heartbeats }) => sum + heartbeats, 0),
  }
}

test('in a poll\u2019s answer the events\u2019 own JSON is payload, to the byte', () => {
  fc.assert(
    fc.property(EVENTS, fc.array(fc.nat(500)), (events, cuts) => {
      const presence = { here: [{ userId: 'ada', name: 'Ada', tabs: 1 }], typing: [] }
      const answer = JSON.stringify({ events, cursor: '[{"', gap: false, more: true, presence })
      expect(count(countPollEvents, answer, cuts)).toEqual({
        payload: bytesIn(events.map((event) => JSON.stringify(event))),
        heartbeats: 0,
      })
    }),
  )
})

const HEARTBEATS = [':hb\n\n', ':hb\nevent: heartbeat\ndata:\n\n']

test('in a stream the events\u2019 own JSON is payload, and comments are heartbeats', () => {
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
      expect(count(countStreamEvents, text, cuts)).toEqual({
        payload: bytesIn(events),
        heartbeats: blocks.filter((block) => typeof block === 'string' && HEARTBEATS.includes(block)).join('').length,
      })
    }),
  )
})

test('a comment amid an event takes only its own line', () => {
  expect(count(countStreamEvents, 'id: 1\n:hb\ndata:{}\n\n', [])).toEqual({ payload: 2, heartbeats: 4 })
})
