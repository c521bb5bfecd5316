/** Tests of the figures that follow from recorded deliveries in each scenario. */
import { describe, expect, test } from 'vitest'
import { readOptions } from '../options.ts'
import type { Published } from '../publishing.ts'
import { createRecorder } from '../samples.ts'
import { scenarioFigures } from './figures.ts'
import type { ScenarioFigures, ScenarioInput } from './figures.ts'
import { heldRateOf, typicalHeldRate } from './ramp.ts'
import type { RampFigures } from './ramp.ts'

const message = (id: string, dueMs: number): Published => ({
  id,
  dueMs,
  sentMs: dueMs,
  confirmedMs: dueMs + 1,
  acceptedMs: null,
  refusal: null,
})

/** Each delivery is a client, a message, and a time. */
type Delivery = readonly [number, string, number]

function figures(
  messages: readonly Published[],
  deliveries: readonly Delivery[],
  args: readonly string[],
  input: Partial<ScenarioInput> = {},
): ScenarioFigures | null {
  const options = readOptions(args)
  if (!options) throw new Error('There are no options.')
  const recorder = createRecorder()
  for (const [client, id, atMs] of deliveries) recorder.add(client, id, atMs, 0)
  return scenarioFigures({
    options,
    messages,
    samples: [recorder.take()],
    outcomes: [],
    fromMs: 1000,
    grownKiB: null,
    isConfirmed: true,
    ...input,
  })
}

test('a burst takes until the last client has its last message, and an incomplete one has no time', () => {
  const sent = [message('a', 1000), message('b', 1000), message('c', 2000), message('d', 2000)]
  const received: readonly Delivery[] = [
    [0, 'a', 1010],
    [1, 'a', 1020],
    [0, 'b', 1030],
    [1, 'b', 1015],
    [0, 'c', 2010],
    [1, 'c', 2010],
    [0, 'd', 2010],
  ]
  expect(figures(sent, received, ['--scenario', 'burst', '--clients', '2'])).toEqual({
    name: 'burst',
    wholeMs: [30],
    incomplete: 1,
  })
})

describe('a ramp', () => {
  test('has the quantiles of each tenth of the time, and its rates', () => {
    const sent = Array.from({ length: 100 }, (_, i) => message(`m${i}`, 1000 + i * 10))
    const received = sent.slice(0, 95).map(({ id, dueMs }, i): Delivery => [0, id, dueMs + (i < 50 ? 4 : 8)])
    const args = ['--scenario', 'ramp', '--clients', '1', '--rate', '50', '--rate-to', '150', '--seconds', '1']
    const ramp = figures(sent, received, args)
    expect(ramp).toMatchObject({ name: 'ramp', steps: { length: 10 } })
    const { steps } = ramp as RampFigures
    expect(steps[0]).toMatchObject({ fromRate: 50, toRate: 60, p50Ms: 4, p95Ms: 4, missing: 0 })
    expect(steps[9]).toMatchObject({ fromRate: 140, toRate: 150, p50Ms: 8, missing: 5 })
  })

  test.each<[string, readonly Partial<Step>[], ReturnType<typeof heldRateOf>]>([
    ['holds until the end if the delays stay', [{}, {}, {}], { rate: 40, above: 'end' }],
    ['holds until the delays grow', [{}, { p95Ms: 100 }, { p95Ms: 200 }], { rate: 20, above: 'broken' }],
    ['holds until messages are missing', [{}, {}, { missing: 1 }], { rate: 30, above: 'broken' }],
    ['holds beyond one slow step', [{}, { p95Ms: 100 }, {}], { rate: 40, above: 'end' }],
    [
      'cannot be told above the rate at which the clients are busy',
      [{}, {}, { p95Ms: 100, busyMs: 60 }],
      { rate: 30, above: 'untold' },
    ],
    ['cannot be told if the clients are busy from the start', [{ busyMs: 9 }, {}, {}], { rate: 0, above: 'untold' }],
  ])('%s', (_what, steps, held) => {
    expect(heldRateOf(rampWith(steps))).toEqual(held)
  })

  test('has the held rate of the repetition in the middle', () => {
    const [low, middle, high] = [
      [{}, { p95Ms: 500 }],
      [{}, {}, { p95Ms: 500 }],
      [{}, {}, {}, {}],
    ].map(rampWith)
    expect(typicalHeldRate([high, low, middle].flatMap((one) => one ?? []))).toEqual({ rate: 30, above: 'broken' })
  })
})

describe('a reconnect storm', () => {
  /** Cut after 5 of 10 seconds. */
  const args = ['--scenario', 'reconnect-storm', '--clients', '2']
  const storm = (liveAfterMs: readonly number[]): Partial<ScenarioInput> => ({
    outcomes: [{ dropped: 0, storm: { liveAfterMs, connectMs: liveAfterMs, retries: 1 }, slow: null }],
  })

  test('ends when the last client is live, and has the longest silence and the times of the publisher', () => {
    const sent = [
      { ...message('a', 5900), confirmedMs: 5999 },
      { ...message('b', 6500), confirmedMs: 6540 },
      message('c', 9000),
    ]
    const received: readonly Delivery[] = [
      [0, 'a', 5901],
      [1, 'a', 5901],
      [0, 'b', 6600],
      [1, 'b', 7901],
      [0, 'c', 9001],
      [1, 'c', 9001],
    ]
    expect(figures(sent, received, args, storm([600, 1900]))).toEqual({
      name: 'reconnect-storm',
      allLiveMs: 1900,
      notReturned: 0,
      connectMs: 1900,
      retries: 1,
      // Client 0 received nothing from 6600 to 9001.
      silenceMs: 2401,
      publishBeforeMs: 99,
      publishDuringMs: 40,
      publishMaxMs: 40,
      refused: 0,
    })
  })

  test('has no end if a client does not return, and the silence of this client lasts until the end', () => {
    const sent = [message('a', 5900)]
    const received: readonly Delivery[] = [
      [0, 'a', 5901],
      [1, 'a', 5901],
    ]
    expect(figures(sent, received, args, storm([600]))).toMatchObject({
      allLiveMs: null,
      notReturned: 1,
      silenceMs: 11_000 - 5901,
    })
  })

  test('has no times of a publisher whose messages are not confirmed', () => {
    const unconfirmed = { ...storm([1, 1]), isConfirmed: false }
    expect(figures([message('a', 5900)], [], args, unconfirmed)).toMatchObject({ publishBeforeMs: null })
  })
})

test('slow readers have delays of their own, and the others have delays before and during the pause', () => {
  const sent = [message('a', 1500), message('b', 4500), message('c', 8000)]
  // Of four clients, the last one is slow. It misses a message.
  const received = sent.flatMap(({ id, dueMs }, i) =>
    [0, 1, 2].map((client): Delivery => [client, id, dueMs + 10 * (i + 1)]),
  )
  const slow: readonly Delivery[] = [
    [3, 'a', 1501],
    [3, 'b', 7600],
  ]
  const outcomes = [{ dropped: 0, storm: null, slow: { dropped: 1, unreadBytes: 500 } }]
  const args = ['--scenario', 'slow-readers', '--clients', '4', '--slow', '25', '--seconds', '9']
  expect(figures(sent, [...received, ...slow], args, { outcomes, grownKiB: 7 })).toEqual({
    name: 'slow-readers',
    clients: 1,
    beforeMs: 10,
    duringMs: 20,
    slowMs: 3100,
    missing: 1,
    dropped: 1,
    unreadBytes: 500,
    grownKiB: 7,
  })
})

type Step = RampFigures['steps'][number]

/** A step in which nothing is wrong takes 10 ms. The rate grows by 10 in each step. */
const rampWith = (steps: readonly Partial<Step>[]): RampFigures => ({
  name: 'ramp',
  steps: steps.map((changes, i) => ({
    fromRate: 10 * (i + 1),
    toRate: 10 * (i + 2),
    p50Ms: 5,
    p95Ms: 10,
    busyMs: 0,
    slipMs: 0,
    missing: 0,
    ...changes,
  })),
})
