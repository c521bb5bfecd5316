import { expect, test } from 'vitest'
import type { Mark } from '../../../web/state/mark.ts'
import { exchangeOf, pick } from '../../../web/view/ladder/pick.ts'
import { tell } from '../../../web/view/ladder/tell.ts'
import { BEGAN_MS, fixedScene } from './scene.ts'

const [short, long, sse, ws] = fixedScene().lanes
const NOW_MS = BEGAN_MS + 2000

test.each([
  [
    short?.marks.exchanges[0],
    'Poll, −1.9 s: 312 B up 21 ms, there 2.5, 204 160 B down 22, nothing in it, connection 4',
  ],
  [short?.marks.exchanges[1], 'Poll, −0.9 s: 312 B up 21 ms, there 2.0, 200 512 B down 22, 2 messages, reused'],
  [long?.marks.exchanges[0], 'Long poll, −1.9 s: held 471 ms, 1 message'],
  [sse?.marks.streams[0], 'SSE, −2.0 s: open after 42 ms, 420 B up and 540 B down so far, reused'],
  [sse?.marks.arrivals[0], 'Event 1, −1.5 s: 21 ms after it was published: waited 0.4, 140 B down in 21'],
  [
    sse?.marks.arrivals[1],
    'Event 2, −0.6 s: 500 ms after it was published: waited 0.5, 171 B down in 500 (lost, sent again)',
  ],
  [sse?.marks.beats[0], 'Heartbeat, −1.3 s: 19 B down, so that nothing in between hangs up'],
  [ws?.marks.cuts[0], 'WebSocket, −1.4 s: cut here; it came back from its own cursor'],
] as const)('of a mark it tells %#', (mark, sentence) => {
  const lane = [short, long, sse, ws].find((one) => one && mark && marksOf(one).includes(mark))
  expect(lane && mark && tell(lane, mark, NOW_MS)).toBe(sentence)
})

test('what lies under the pointer is known to the server by the number of its exchange', () => {
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
