/** Tests of the capacity model: a larger workload never needs less, and the sums are those of the measured figures. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CAPACITY_FIGURES } from '../../../web/measure/capacity-figures.ts'
import type { CapacityFigures } from '../../../web/measure/capacity-figures.ts'
import { FULL, KEPT_EVENTS, capacityOf } from '../../../web/measure/capacity.ts'
import type { CapacityPlan } from '../../../web/measure/capacity.ts'
import { PLAN_FIELDS, PLAN_FIGURES, PLAN_TRANSPORTS } from '../../../web/capacity/plan.ts'

/** A publish takes 100 µs of its process and 20 µs of Redis, and each process that receives it 50 µs and 5 µs. */
const ROUND: CapacityFigures = {
  ...CAPACITY_FIGURES,
  sizes: [100, 1000, 4000],
  deliveries: [
    { transport: 'ws', isPoll: false, processUs: [10, 20, 30], redisUs: [1, 1, 1], bytes: [200, 1100, 4100] },
    { transport: 'long-poll', isPoll: true, processUs: [40, 40, 40], redisUs: [30, 30, 30], bytes: [600, 1500, 4500] },
    ...CAPACITY_FIGURES.deliveries,
  ],
  loops: [1, 2, 4].map((processes) => ({
    processes,
    publishesPerSecond: 1000,
    processUs: 100 + 50 * processes,
    redisUs: 20 + 5 * processes,
  })),
  shortLoop: { processes: 1, publishesPerSecond: 1000, processUs: 210, redisUs: 105 },
  longLoop: { processes: 1, publishesPerSecond: 1000, processUs: 250, redisUs: 125 },
  eventBytes: [300, 1300, 5300],
  roomBytes: 5000,
  emptyBytes: 1_000_000,
}

const PLAN: CapacityPlan = { clients: 1000, rate: 1, bytes: 100, rooms: 1, hours: 24, transport: 'ws' }

const capacity = (change: Partial<CapacityPlan>) => capacityOf({ ...PLAN, ...change }, ROUND)

test('the costs of a message are split into the publish and the receipt of each process', () => {
  const { costs } = capacity({})
  expect(costs.publishUs).toBeCloseTo(100)
  expect(costs.receiveUs).toBeCloseTo(50)
  expect(costs.redisPublishUs).toBeCloseTo(20)
  expect(costs.redisReadUs).toBeCloseTo(5)
  expect(costs.redisDeliveryUs).toBe(0)
})

test('a longer text adds to the cost of a publish what it has added in the loop', () => {
  const { costs } = capacity({ bytes: 4000 })
  expect(costs.publishUs).toBeCloseTo(140)
  expect(costs.redisPublishUs).toBeCloseTo(40)
})

test('one process with 1,000 clients spends 10 µs for each delivery, and 150 µs for the message', () => {
  const { processes, processCore, redisCore, deliveriesPerSecond, bytesPerSecond } = capacity({})
  expect(processes).toBe(1)
  expect(processCore).toBeCloseTo((1000 * 10 + 150) / 1e6, 9)
  expect(redisCore).toBeCloseTo(25 / 1e6, 9)
  expect(deliveriesPerSecond).toBe(1000)
  expect(bytesPerSecond).toBeCloseTo(200_000)
})

test('the number of processes is the smallest one whose cores are not too full', () => {
  // 1.2 cores of deliveries, and 0.012 of messages: two processes have a little too much.
  const { processes, processCore } = capacity({ clients: 1500, rate: 80 })
  expect(processes).toBe(3)
  expect(processCore).toBeLessThanOrEqual(FULL)
})

test('more than 10,000 clients need a further process, even if they get few messages', () => {
  expect(capacity({ clients: 10_000, rate: 0.001 }).processes).toBe(1)
  expect(capacity({ clients: 10_001, rate: 0.001 }).processes).toBe(2)
})

test('if receiving the messages of all rooms fills a core, no number of processes is enough', () => {
  const { processes, limits } = capacity({ clients: 20_000, rate: 1000, rooms: 20 })
  expect(processes).toBe(null)
  expect(limits.find(({ what }) => what === 'receiving')?.growth).toBeLessThan(1)
})

test('in many rooms with one client each, a process receives only the messages of its own clients', () => {
  const { processCore } = capacity({ clients: 100, rooms: 100_000, rate: 0.001 })
  expect(processCore).toBeCloseTo((100 * 100 + 0.1 * 10 + 0.1 * 50) / 1e6, 9)
})

test('each poll costs Redis a read, and a delivery over an open connection costs it nothing', () => {
  expect(capacity({ transport: 'long-poll' }).redisCore).toBeCloseTo((25 + 1000 * 30) / 1e6, 9)
})

test('Redis keeps the events of the hours, at most 10,000 of each room', () => {
  expect(capacity({ rate: 0.1, hours: 2 }).eventsPerRoom).toBe(720)
  expect(capacity({ rate: 10 }).eventsPerRoom).toBe(KEPT_EVENTS)
  expect(capacity({ rate: 10, rooms: 3 }).redisBytes).toBe(1_000_000 + 3 * (5000 + KEPT_EVENTS * 300))
})

test.each([
  [1, 10],
  [100, 10],
  [550, 15],
  [1000, 20],
  [2500, 25],
  [4000, 30],
])('for a text of %d bytes, a delivery costs %d µs', (bytes, us) => {
  expect(capacity({ bytes }).costs.deliveryUs).toBeCloseTo(us)
})

test('if a longer text was measured as cheaper, it counts like the shorter one', () => {
  const noisy = {
    ...ROUND,
    deliveries: ROUND.deliveries.map((one) => ({ ...one, processUs: [10, 8, 12] })),
  }
  expect(capacityOf({ ...PLAN, bytes: 1000 }, noisy).costs.deliveryUs).toBe(10)
})

describe.each([
  ['round figures', ROUND],
  ['the measured figures', CAPACITY_FIGURES],
])('with %s', (_, figures) => {
  const plans: fc.Arbitrary<CapacityPlan> = fc.record({
    clients: fc.integer({ min: 1, max: PLAN_FIELDS.clients.to }),
    rate: fc.double({ min: PLAN_FIELDS.rate.from, max: PLAN_FIELDS.rate.to, noNaN: true }),
    bytes: fc.integer({ min: 1, max: PLAN_FIELDS.bytes.to }),
    rooms: fc.integer({ min: 1, max: PLAN_FIELDS.rooms.to }),
    hours: fc.double({ min: PLAN_FIELDS.hours.from, max: PLAN_FIELDS.hours.to, noNaN: true }),
    transport: fc.constantFrom(...PLAN_TRANSPORTS),
  })

  test.each(PLAN_FIGURES)('a larger value of %s never needs fewer processes, less of Redis or fewer bytes', (name) => {
    fc.assert(
      fc.property(plans, fc.double({ min: 1, max: 10, noNaN: true }), (plan, factor) => {
        const { to, isWhole } = PLAN_FIELDS[name]
        const value = Math.min(to, plan[name] * factor)
        const [less, more] = [plan, { ...plan, [name]: isWhole ? Math.ceil(value) : value }].map((one) =>
          capacityOf(one, figures),
        )
        expect(more?.processes ?? Infinity).toBeGreaterThanOrEqual(less?.processes ?? Infinity)
        for (const what of ['redisCore', 'redisBytes', 'bytesPerSecond'] as const)
          expect(more?.[what], what).toBeGreaterThanOrEqual((less?.[what] ?? NaN) * (1 - 1e-9))
      }),
    )
  })

  test('every result is a number that is not negative', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const { processes, limits, costs, ...values } = capacityOf(plan, figures)
        for (const value of [...Object.values(values), ...Object.values(costs), ...limits.map(({ growth }) => growth)])
          expect(value).toBeGreaterThanOrEqual(0)
        if (processes !== null) expect(Number.isInteger(processes) && processes >= 1).toBe(true)
      }),
    )
  })
})
