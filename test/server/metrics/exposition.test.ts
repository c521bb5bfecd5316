import { expect, test } from 'vitest'
import { counter, expose, histogram, reading } from '../../../server/metrics/exposition.ts'

test('counters and readings are lines with their help, type and labels', () => {
  const drops = counter('drops_total', 'Drops.', [{ reason: 'slow' }])
  drops.add({ reason: 'gone' }, 2)
  drops.add({ reason: 'gone' })
  const clients = reading('clients', 'gauge', 'Here now.', () => [[{}, 4.5]])
  expect(expose([drops, clients])).toBe(`# HELP drops_total Drops.
# TYPE drops_total counter
drops_total{reason="slow"} 0
drops_total{reason="gone"} 3
# HELP clients Here now.
# TYPE clients gauge
clients 4.5
`)
})

test('a histogram counts what is at most each bound, and everything in the last', () => {
  const delay = histogram('delay_seconds', 'Delay.', [0.1, 1])
  const observe = delay.of({ lane: 'a' })
  expect(Array.from(delay.samples())).toEqual([])
  for (const value of [0.05, 0.1, 0.5, 7]) observe(value)
  expect(Array.from(delay.samples())).toEqual([
    ['_bucket', { lane: 'a', le: '0.1' }, 2],
    ['_bucket', { lane: 'a', le: '1' }, 3],
    ['_bucket', { lane: 'a', le: '+Inf' }, 4],
    ['_sum', { lane: 'a' }, 7.65],
    ['_count', { lane: 'a' }, 4],
  ])
})

test('a label with quotes, backslashes and line breaks stays one line', () => {
  const odd = counter('odd_total', 'Odd.')
  odd.add({ a: 'x"y\\z\nw' })
  expect(expose([odd]).split('\n')[2]).toBe('odd_total{a="x\\"y\\\\z\\nw"} 1')
})
