import { expect, test } from 'vitest'
import { bandwidth } from '../../../../../server/wire/bend/conditions/bandwidth.ts'
import { jitter } from '../../../../../server/wire/bend/conditions/jitter.ts'
import { latency } from '../../../../../server/wire/bend/conditions/latency.ts'
import { loss } from '../../../../../server/wire/bend/conditions/loss.ts'
import { setUp } from '../../../../../server/wire/bend/conditions/set-up.ts'
import { slowReader } from '../../../../../server/wire/bend/conditions/slow-reader.ts'
import { seededRandom } from '../../../../web/measure/random.ts'

test('latency delays every packet by the same time', () => {
  const condition = latency(40)
  expect([condition(1, 0), condition(1448, 7)]).toEqual([40, 47])
})

test('jitter delays packets by random times up to its value, all equally likely (seed 31)', () => {
  const condition = jitter(40, seededRandom(31))
  const added = Array.from({ length: 10_000 }, () => condition(1, 100) - 100)
  expect(Math.min(...added)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...added)).toBeLessThan(40)
  const quarters = [0, 0, 0, 0]
  for (const ms of added) quarters[Math.floor(ms / 10)] = (quarters[Math.floor(ms / 10)] ?? 0) + 1
  for (const count of quarters) expect(Math.abs(count - 2500)).toBeLessThan(150)
})

test('under limited bandwidth, packets follow one after the other, and a packet after a pause does not wait', () => {
  const condition = bandwidth(1000)
  expect([condition(100, 0), condition(100, 0), condition(50, 1000)]).toEqual([100, 200, 1050])
})

test('loss delays a packet by one timeout if it is lost once, and by three timeouts if it is lost twice', () => {
  const drawn = [0.9, 0.1, 0.9, 0.1, 0.1, 0.9]
  const condition = loss(0.5, 100, () => drawn.shift() ?? 1)
  expect([condition(1, 0), condition(1, 0), condition(1, 0)]).toEqual([0, 300, 900])
})

test('at a loss rate of 2 %, about 2 % of the packets are lost (seed 32)', () => {
  const condition = loss(0.02, 0, seededRandom(32))
  const stalled = Array.from({ length: 50_000 }, () => condition(1448, 0)).filter((ms) => ms > 0)
  expect(Math.abs(stalled.length / 50_000 - 0.02)).toBeLessThan(0.002)
})

test('even at a loss rate of 1, a packet arrives after a finite time', () => {
  expect(loss(1, 0)(1, 0)).toBeLessThan(Infinity)
})

test('a slow reader reads packets one after the other, and a packet after a pause does not wait', () => {
  const condition = slowReader(1000)
  expect([condition(100, 0), condition(100, 50), condition(50, 1000)]).toEqual([100, 200, 1050])
})

test('the set-up of a connection delays packets of the first round trip, and no later packets', () => {
  const condition = setUp(1000, 80)
  expect([condition(1, 1000), condition(1, 1079), condition(1, 1081)]).toEqual([1080, 1080, 1081])
})
