import { expect, test } from 'vitest'
import type { Mark } from '../../../web/lane/mark.ts'
import { exchangeOf, pick } from '../../../web/ladder/pick.ts'
import { tell } from '../../../web/ladder/tell.ts'
import { BEGAN_MS, fixedScene } from './scene.ts'

const [short, long, sse, ws] = fixedScene().lanes
const NOW_MS = BEGAN_MS + 2000

test.each([
  [
    short?.marks.exchanges[0],
    'Poll, −1.9 s: 312 B up in 21 ms, on the server for 2.5 ms, 204 160 B down in 22 ms, no message, connection 4',
  ],
  [
    short?.marks.exchanges[1],
    'Poll, −0.9 s: 312 B up in 21 ms, on the server for 2.0 ms, 200 512 B down in 22 ms, 2 messages, reused connection',
  ],
  [long?.marks.exchanges[0], 'Long poll, −1.9 s: held for 471 ms, 1 message'],
  [sse?.marks.streams[0], 'SSE, −2.0 s: open after 42 ms, 420 B up and 540 B down so far, reused connection'],
  [sse?.marks.arrivals[0], 'Event 1, −1.5 s: 21 ms after it was published: waited 0.4 ms, 140 B down in 21 ms'],
  [
    sse?.marks.arrivals[1],
    'Event 2, −0.6 s: 500 ms after it was published: waited 0.5 ms, 171 B down in 500 ms (lost, sent again)',
  ],
  [sse?.marks.beats[0], 'Heartbeat, −1.3 s: 19 B down, keeps proxies from closing the quiet connection'],
  [ws?.marks.cuts[0], 'WebSocket, −1.4 s: the connection was cut; the lane has not resumed yet'],
] as const)('a mark of the ladder is described by the expected sentence (case %#)', (mark, sentence) => {
  const lane = [short, long, sse, ws].find((one) => one && mark && marksOf(one).includes(mark))
  expect(lane && mark && tell(lane, mark, NOW_MS)).toBe(sentence)
})

test('the sentence about a cut says that the lane resumed only after the lane is open again', () => {
  const cut = ws?.marks.cuts[0]
  if (!ws || !cut) throw new Error('There is no cut.')
  const opened = {
    kind: 'stream',
    id: 90,
    askedAtMs: cut.atMs + 200,
    openedAtMs: cut.atMs + 240,
    endedAtMs: null,
  } as const
  const back = { ...ws, marks: { ...ws.marks, streams: [...ws.marks.streams, opened] } }
  expect(tell(back, cut, NOW_MS)).toBe(
    'WebSocket, −1.4 s: the connection was cut; the lane resumed from its own cursor',
  )
})

test.each([
  ['let go', 'WebSocket, −2.0 s: ended by this page before it was open'],
  ['refused', 'WebSocket, −2.0 s: refused, or there was no server'],
] as const)('the sentence about a stream that was %s before it opened states only this fact', (failed, sentence) => {
  const stream = {
    kind: 'stream',
    id: 91,
    askedAtMs: BEGAN_MS,
    openedAtMs: null,
    endedAtMs: BEGAN_MS + 9,
    failed,
  } as const
  expect(ws && tell(ws, stream, NOW_MS)).toBe(sentence)
})

test('the sentence about an arrival states no delay if the clock is unknown', () => {
  const [message] = sse?.marks.arrivals[0]?.messages ?? []
  if (!sse || !message) throw new Error('Nothing has arrived.')
  const arrival: Mark = { kind: 'arrival', id: 92, atMs: BEGAN_MS + 521, messages: [{ ...message, delayMs: [] }] }
  expect(tell(sse, arrival, NOW_MS)).toBe('Event 1, −1.5 s: the delay is not known without a clock')
})

test('the mark under the pointer leads to the server’s number of its exchange', () => {
  if (!short || !sse || !long) throw new Error('A lane is missing.')
  const under = (lane: typeof short, ms: number) => {
    const mark = pick(lane, BEGAN_MS + ms, 0.3, NOW_MS)
    return mark && exchangeOf(lane, mark)
  }
  expect([under(short, 120), under(short, 1180), under(sse, 700), under(sse, 1400)]).toEqual([1, 2, 3, 3])
  expect(under(long, 300)).toBeUndefined()
})

function marksOf({ marks }: NonNullable<typeof short>): readonly Mark[] {
  return [...marks.exchanges, ...marks.streams, ...marks.arrivals, ...marks.beats, ...marks.cuts]
}
