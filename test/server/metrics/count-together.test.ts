import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countTogether } from '../../../server/metrics/count-together.ts'
import { now } from '../../../server/now.ts'
import type { Event } from '../../../server/protocol/feed.ts'

const eventsOf = (count: number): readonly Event[] =>
  Array.from({ length: count }, (_, i) => ({ id: `e.${i}`, room: 'a', at: 0, type: 'message', user: 'Ada', text: '' }))

test('deliveries of the same events in one turn of the event loop are reported together, with their first and last time', async () => {
  const reports: unknown[][] = []
  const count = countTogether((...report) => reports.push(report))
  const events = eventsOf(2)
  const beforeMs = now()
  for (let client = 0; client < 3; client++) count(events, 0)
  expect(reports).toEqual([])
  await turn()
  expect(reports).toEqual([[events, 0, 3, expect.any(Number), expect.any(Number)]])
  const [, , , fromMs, toMs] = reports[0] ?? []
  const times = [beforeMs, fromMs, toMs, now()].map(Number)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  count(events, 0)
  await turn()
  expect(reports.map(([, , clients]) => clients)).toEqual([3, 1])
})

test('the reports add up to the events and the history of all deliveries, in any order and number of turns', async () => {
  const batches = [0, 1, 2, 5].map(eventsOf)
  const delivery = fc.record({
    events: fc.constantFrom(...batches),
    history: fc.nat(5),
    isLastOfTurn: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(delivery), async (deliveries) => {
      const reported = { events: 0, history: 0 }
      const delivered = { events: 0, history: 0 }
      const count = countTogether((events, history, clients) => {
        reported.events += clients * events.length
        reported.history += clients * history
      })
      for (const { events, history: most, isLastOfTurn } of deliveries) {
        const history = Math.min(most, events.length)
        count(events, history)
        delivered.events += events.length
        delivered.history += history
        if (isLastOfTurn) await turn()
      }
      await turn()
      expect(reported).toEqual(delivered)
    }),
    { numRuns: 50 },
  )
})
