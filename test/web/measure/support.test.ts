import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ANSWERS, bytesAgreement, delayAgreement } from '../../../web/measure/agreement.ts'
import type { LaneMeasurement } from '../../../web/measure/agreement.ts'
import type { ByTransport, Predicted } from '../../../web/measure/choosing.ts'
import { supportFor } from '../../../web/measure/support.ts'
import { readWorkload } from '../../../web/measure/workload.ts'
import { LABELS, TRANSPORTS } from '../../../web/lane/order.ts'

const LANE: LaneMeasurement = {
  bytesPerSecond: 200,
  requestsPerSecond: 0,
  p50Ms: 1,
  lowMs: 1,
  highMs: 1,
  p95Ms: null,
  messages: 40,
  answers: 40,
  bytes: 8000,
  seconds: 40,
}

/** Returns the sentence for lanes that differ from the usual one, and for transports that cannot do the task. */
function support(
  lanes: Partial<ByTransport<Partial<LaneMeasurement>>>,
  { out = [], changes = [], search = '' }: { out?: string[]; changes?: string[]; search?: string } = {},
) {
  const all = <T>(of: (name: keyof ByTransport<T>) => T) =>
    Object.fromEntries(TRANSPORTS.map((name) => [name, of(name)])) as ByTransport<T>
  const measured = all((name) => ({ ...LANE, ...lanes[name] }))
  const predicted = all((name) => ({ writingPerSecond: 0, out: out.includes(name) ? 'No.' : null }) as Predicted)
  const run = { measured, predicted, of: readWorkload(search), plan: { changes } }
  return supportFor(run, { transport: 'sse' }, (name) => LABELS[name])
}

test('a measurement supports the answer if the transport costs about as much as the cheapest one', () => {
  expect(support({ ws: { bytesPerSecond: 180 } })).toBe(
    'The measurement supports the answer: SSE needed 200 bytes a second, and the least was 180 (WebSocket).',
  )
  expect(support({ sse: { bytesPerSecond: 150 } })).toBe(
    'The measurement supports the answer: SSE needed the fewest bytes, 150 a second.',
  )
})

test('a measurement does not support the answer if another transport that can do the task is clearly cheaper', () => {
  expect(support({ ws: { bytesPerSecond: 100 } })).toMatch(
    /^The measurement does not support the answer: SSE needed 200/,
  )
  expect(support({ ws: { bytesPerSecond: 100 } }, { out: ['ws'] })).toMatch(/^The measurement supports the answer/)
})

test('a measurement with too few messages, or of another workload, ranks nothing', () => {
  expect(support({ sse: { messages: 19 } })).toBe('Too few messages arrived to support the answer or to contradict it.')
  expect(support({ ws: { bytesPerSecond: 1, messages: 19 } })).toMatch(/^The measurement supports the answer/)
  for (const other of [support({}, { changes: ['Slower.'] }), support({}, { search: '?http=2' })])
    expect(other).toBe('The measurement differs from your workload, so it tests the model and not the answer.')
})

test('from fewer than 20 messages there is never a percentage, a real difference or a ranking', () => {
  const few = fc.integer({ min: 0, max: ANSWERS - 1 })
  const value = fc.double({ min: 0.001, max: 1e6, noNaN: true })
  fc.assert(
    fc.property(few, few, value, value, value, (messages, answers, bytesPerSecond, p50Ms, busyMs) => {
      const lane = { ...LANE, messages, answers, bytesPerSecond, p50Ms, lowMs: null, highMs: null }
      const model = { bytesPerSecond: 100, p50Ms: 10 } as Predicted
      for (const agreement of [bytesAgreement(lane, model, busyMs), delayAgreement(lane, model, busyMs)])
        expect(agreement).toMatchObject({ off: null, isReal: false })
      const lanes = Object.fromEntries(TRANSPORTS.map((name) => [name, lane]))
      expect(support(lanes)).toBe('Too few messages arrived to support the answer or to contradict it.')
    }),
  )
})
