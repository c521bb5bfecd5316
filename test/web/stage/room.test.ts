import { expect, test } from 'vitest'
import type { TransportName } from '../../../server/protocol/feed.ts'
import type { Seat } from '../../../server/protocol/show.ts'
import { drawRoom, troublesOf } from '../../../web/stage/room.ts'
import { LABELS } from '../../../web/lane/order.ts'
import { seatOf } from '../show/scenes.ts'

const LANES: readonly TransportName[] = ['short-poll', 'long-poll', 'sse', 'ws']
const FRAME = { left: 250, right: 700, refused: [740, 820], rowHeight: 90 } as const
const draw = (seats: readonly Seat[]) => drawRoom(LANES, seats, FRAME)

test('200 seats are 200 marks of one size inside their rows', () => {
  const seats = Array.from({ length: 200 }, (_, i) => seatOf(i + 1, LANES[i % 4] ?? 'ws', 10 + ((i * 7919) % 97)))
  const { rows, reported } = draw(seats)
  expect(reported).toBe(200)
  expect(rows.map(({ marks }) => marks.length)).toEqual([50, 50, 50, 50])
  for (const [i, { marks }] of rows.entries())
    for (const { x, y } of marks) {
      expect(y).toBeGreaterThan(i * 90)
      expect(y).toBeLessThan((i + 1) * 90)
      expect(x).toBeGreaterThanOrEqual(FRAME.left)
    }
  const places = rows.flatMap(({ marks }) => marks.map(({ x, y }) => `${x.toFixed(2)} ${y.toFixed(2)}`))
  expect(new Set(places).size).toBe(200)
})

test('the mark shrinks until the fullest column fits', () => {
  const same = (n: number) => Array.from({ length: n }, (_, i) => seatOf(i + 1, 'ws', 20))
  expect(draw(same(3)).r).toBeGreaterThan(draw(same(20)).r)
})

test('the median of a row is the one of its seats', () => {
  const { rows } = draw([seatOf(1, 'sse', 10), seatOf(2, 'sse', 90), seatOf(3, 'sse', 30), seatOf(4, 'ws', 5)])
  expect(rows.map(({ medianMs }) => medianMs)).toEqual([null, null, 30, 5])
})

test('a seat that fell back is a ringed mark in its new row, and a hollow one in the row that refused it', () => {
  const report = { transport: 'sse' as const, p50Ms: 12, n: 9, boundMs: 7, lost: 1, doubled: 2 }
  const { rows, lost, doubled, boundMs } = draw([
    seatOf(1, 'ws', 12, { fellBack: 'The network refuses WebSockets.', report }),
    seatOf(2, 'sse', 14),
  ])
  const [, , sse, ws] = rows
  expect(sse?.marks.map(({ of, isRinged }) => [of.seat, isRinged])).toEqual([
    [1, true],
    [2, false],
  ])
  expect(sse?.fellBackHere).toBe(1)
  expect(ws?.refused).toBe(1)
  expect(ws?.refusedMarks.map(({ x }) => x)).toEqual([780])
  expect([lost, doubled, boundMs]).toEqual([1, 2, 7])
})

test('a slow seat widens the axis instead of leaving the picture', () => {
  const usual = draw([seatOf(1, 'ws', 20)])
  const wide = draw([seatOf(1, 'ws', 20), seatOf(2, 'ws', 5000)])
  expect(usual.ticks.map(({ text }) => text)).toEqual(['2 ms', '10', '100', '1 s'])
  expect(wide.ticks.map(({ text }) => text)).toEqual(['1 ms', '10', '100', '1 s', '10 s'])
  for (const { x } of wide.rows[3]?.marks ?? []) expect(x).toBeLessThanOrEqual(FRAME.right + 20)
})

test('the troubles of a network name the transport, what happened and the status', () => {
  const found = troublesOf(
    [
      { transport: 'short-poll', found: 'works', ms: 3 },
      { transport: 'sse', found: 'held' },
      { transport: 'ws', found: 'refused', status: 403 },
    ],
    LABELS,
  )
  expect(found).toBe('SSE held back, WebSocket refused (403)')
})
