/** Tests of the figures and sentences that follow from recorded deliveries. */
import { describe, expect, test } from 'vitest'
import { brokenBy } from './broken.ts'
import { join } from './joined.ts'
import type { TransportRun } from './measure.ts'
import type { Published } from './publishing.ts'
import { createRecorder } from './samples.ts'
import { summarise } from './summary.ts'
import type { Summary } from './summary.ts'
import { scenarioTable, tableOf } from './table.ts'
import { readThreshold } from './thresholds.ts'
import { fittingOf, verdictOf } from './verdict.ts'

/** A message that is due every 100 ms, sent on time, and confirmed after 2 ms. The server's clock is 5000 ms ahead. */
const message = (n: number, changes: Partial<Published> = {}): Published => ({
  id: `m${n}`,
  dueMs: 100 * n,
  sentMs: 100 * n,
  confirmedMs: 100 * n + 2,
  acceptedMs: 100 * n + 1 + 5000,
  refusal: null,
  ...changes,
})

/** Each delivery is a client, a message and a time. */
function joined(
  published: readonly Published[],
  deliveries: readonly (readonly [number, number, number])[],
  clients = 1,
) {
  const recorder = createRecorder()
  for (const [client, n, atMs] of deliveries) recorder.add(client, `m${n}`, atMs, 0)
  return join(published, [recorder.take()], clients, 100)
}

describe('the result of a run', () => {
  test('measures each delay from the planned time of the message, even if the message was sent late', () => {
    const { delaysMs, slipsMs } = joined([message(1, { sentMs: 130 })], [[0, 1, 140]])
    expect([...delaysMs]).toEqual([40])
    expect([...slipsMs]).toEqual([30])
  })

  test('also contains the delay since the server accepted the message, even if the clocks of server and client differ', () => {
    const { acceptedDelaysMs, clockBoundMs } = joined(
      [message(1), message(2)],
      [
        [0, 1, 108],
        [0, 2, 208],
      ],
    )
    expect(acceptedDelaysMs[0]).toBeCloseTo(7, 1)
    expect(clockBoundMs).toBeCloseTo(1, 1)
  })

  test("does not count deliveries of the warm-up or of other programs' messages", () => {
    const { delaysMs, expected, lost } = joined(
      [message(0), message(1)],
      [
        [0, 0, 5],
        [0, 1, 105],
        [0, 77, 106],
      ],
    )
    expect({ n: delaysMs.length, expected, lost }).toEqual({ n: 1, expected: 1, lost: 0 })
  })

  test('counts missing and repeated deliveries, and ignores the delay of a repeated one', () => {
    const all = [message(1), message(2), message(3)]
    const { lost, doubled, delaysMs } = joined(
      all,
      [
        [0, 1, 105],
        [0, 1, 900],
        [1, 2, 205],
      ],
      2,
    )
    expect({ lost, doubled, n: delaysMs.length }).toEqual({ lost: 4, doubled: 1, n: 2 })
  })

  test('expects no delivery of a message that the server refused', () => {
    const refused = message(1, { confirmedMs: null, acceptedMs: null, refusal: 'status 503' })
    expect(joined([refused, message(2)], [[0, 2, 205]])).toMatchObject({
      refused: 1,
      refusal: 'status 503',
      lost: 0,
      expected: 1,
    })
  })

  test('counts a swapped pair as out of order only if the first message was confirmed before the second was sent', () => {
    const inOrder = joined(
      [message(1), message(2)],
      [
        [0, 2, 205],
        [0, 1, 206],
      ],
    )
    const underWay = joined(
      [message(1, { confirmedMs: 201 }), message(2)],
      [
        [0, 2, 205],
        [0, 1, 206],
      ],
    )
    expect([inOrder.reordered, underWay.reordered]).toEqual([1, 0])
  })

  test('counts deliveries of the same response, the same message or the same burst as one independent sample', () => {
    const all = [message(1), message(2), message(3), message(4)]
    const inOneResponse = joined(
      all,
      [1, 2, 3, 4].map((n) => [0, n, 405] as const),
    )
    const toManyClients = joined(
      [message(1)],
      [0, 1, 2].map((client) => [client, 1, 105] as const),
      3,
    )
    const burst = joined(
      [message(1), message(2, { dueMs: 100 })],
      [
        [0, 1, 105],
        [0, 2, 106],
      ],
    )
    expect([inOneResponse, toManyClients, burst].map(({ independent }) => independent)).toEqual([1, 1, 1])
  })
})

describe('the summary', () => {
  test('divides the costs by the deliveries of all repetitions', () => {
    const costs = { usage: { bytesUp: 100, bytesDown: 900, requests: 10 }, cpuMs: 10 }
    const { bytes, requests, cpuUs, each } = summarise([run([1, 2, 3], costs), run([1], costs)])
    expect({ bytes, requests, cpuUs }).toEqual({ bytes: 500, requests: 5, cpuUs: 5000 })
    expect(each[1]).toMatchObject({ p50: 1, bytes: 1000, cpuUs: 10_000 })
  })

  test.each<[string, Partial<TransportRun>, RegExp]>([
    [
      'the clients were busy',
      { busyMs: new Float64Array(100).fill(4) },
      /waited up to 4\.00 ms for the clients themselves, and the delay at p95 is 10\.0 ms/,
    ],
    ['messages were sent late', { slipsMs: new Float64Array(100).fill(4) }, /sent up to 4\.00 ms too late/],
    ['timers were late', { loopDelayMs: 4 }, /Timers of the clients were up to 4\.00 ms late/],
    [
      'the relay was busy',
      { relay: { busyShare: 0.9, loopDelayMs: 0 } },
      /relay that imitates the network was busy for 90 %/,
    ],
    [
      'timers of the relay were late',
      { relay: { busyShare: 0.1, loopDelayMs: 4 } },
      /Timers of the relay .* 4\.00 ms late/,
    ],
    ['other programs used the machine', { othersShare: 0.6 }, /Other programs used more than 25 % of the processors/],
  ])('reports no delay if %s', (_why, changes, doubt) => {
    const summary = summarise([run(Array(100).fill(10), changes)])
    expect(summary.doubt).toMatch(doubt)
    expect(tableOf([summary]).split('\n')[1]).toMatch(/^sse +\? +\? +\? +\? +\?/)
    expect(brokenBy([summary], [readThreshold('sse.p99<1s')])).toEqual([
      'The threshold sse.p99<1s is not met: p99 of sse cannot be told.',
    ])
  })

  test('reports the delay if the clients themselves caused only a small part of it', () => {
    const changes = { busyMs: new Float64Array(100).fill(2), slipsMs: new Float64Array(100).fill(2), othersShare: 0.1 }
    expect(summarise([run(Array(100).fill(10), changes)]).doubt).toBeNull()
  })
})

test('a threshold is compared with the figure in the same unit', () => {
  const summary = summarise([run(Array(100).fill(10), { lost: 1 })])
  const broken = (text: string) => brokenBy([summary], [readThreshold(text)])
  expect(broken('sse.p99<11ms')).toEqual([])
  expect(broken('sse.p99<0.01s')).toEqual(['The threshold sse.p99<0.01s is broken: p99 of sse is 10.0 ms.'])
  expect(broken('sse.p99<=0.01s')).toEqual([])
  expect(broken('sse.lost<=0')).toEqual(['The threshold sse.lost<=0 is broken: lost of sse is 1.'])
})

describe('the verdict', () => {
  test('chooses the transport whose messages arrive sooner', () => {
    const verdict = verdictOf([result('sse', around(20)), result('short-poll', around(500))])
    expect(verdict).toMatch(/^sse fits this workload\. Over sse, 19 of 20 messages arrive within 20\.9 ms/)
    expect(verdict).toContain('Over short-poll (501 ms) they arrive later.')
  })

  test('chooses the cheapest transport if the difference between the delays is too small to notice', () => {
    const [sse, ws] = [result('sse', around(20), { cpuMs: 4 }), result('ws', around(22), { cpuMs: 8 })]
    expect(verdictOf([ws, sse])).toMatch(
      /^sse fits this workload\. The delays over sse and ws cannot be told apart.*needs the least processor time of them, 20 µs for each delivery; ws needs 40 µs\./,
    )
  })

  test('chooses no transport if the delays and the costs are equal', () => {
    expect(verdictOf([result('sse', around(20)), result('ws', around(20))])).toContain('Their costs are equal too')
  })

  test('does not trust a difference that one repetition contradicts', () => {
    const one = summarise(
      [run(around(20)), run(around(20)), run(around(90))].map((one) => ({ ...one, transport: 'sse' })),
    )
    const other = summarise(
      [run(around(60)), run(around(60)), run(around(61))].map((one) => ({ ...one, transport: 'ws' })),
    )
    expect(verdictOf([one, other])).toContain('cannot be told apart')
  })

  test('excludes a transport that loses messages, and names a transport whose delay is in doubt', () => {
    const verdict = verdictOf([
      result('sse', around(20)),
      result('ws', around(10), { lost: 3 }),
      result('stream', around(5), { othersShare: 0.9 }),
    ])
    expect(verdict).toContain('Of these transports, only sse can be judged.')
    expect(verdict).toContain('ws is out: 9 of 609 deliveries were lost.')
    expect(verdict).toContain('stream: Other programs used more than 25 % of the processors.')
  })

  test('gives a reason only once if several transports share it', () => {
    const busy = (transport: string) => result(transport, around(20), { othersShare: 0.9 })
    expect(verdictOf([busy('sse'), busy('ws')])).toMatch(/measurement\. sse and ws: Other programs used [^:]*$/)
  })

  test('names the transport that fits also as data, and none if it cannot choose', () => {
    const [sse, ws] = [result('sse', around(20), { cpuMs: 4 }), result('ws', around(22), { cpuMs: 8 })]
    expect(fittingOf([ws, sse])).toBe('sse')
    expect(fittingOf([result('sse', around(20)), result('short-poll', around(500))])).toBe('sse')
    expect(fittingOf([result('sse', around(20)), result('ws', around(20))])).toBeNull()
    expect(fittingOf([result('sse', around(20)), result('ws', around(10), { lost: 3 })])).toBeNull()
    expect(fittingOf([result('sse', [])])).toBeNull()
  })

  test('chooses by the rate that a transport holds in a ramp, even if the clients were busy at its end', () => {
    const busy = { busyMs: new Float64Array(200).fill(90) }
    const all = [
      result('sse', around(20), { ...busy, scenario: rampUntil(50) }),
      result('ws', around(20), { ...busy, scenario: rampUntil(80), lost: 7 }),
    ]
    expect(verdictOf(all)).toBe(
      'ws fits this workload. ws keeps up until 80 messages a second, and falls behind above that; sse keeps up until 50 messages a second, and falls behind above that.',
    )
    expect(fittingOf(all)).toBe('ws')
    expect(tableOf(all).split('\n')[1]).toMatch(/^sse +\? +\?/)
    expect(scenarioTable(all).split('\n').slice(0, 3)).toEqual([
      'transport  holds messages/s  in each repetition',
      'sse                      50          50, 50, 50',
      'ws                       80          80, 80, 80',
    ])
  })

  test('says so if the measurement is not enough for a choice', () => {
    expect(verdictOf([result('sse', [])])).toContain('cannot be told from this measurement')
  })
})

/** Ten steps from 10 to 110 messages a second. The delays grow above `rate`. */
const rampUntil = (rate: number): TransportRun['scenario'] => ({
  name: 'ramp',
  steps: Array.from({ length: 10 }, (_, i) => ({
    fromRate: 10 * (i + 1),
    toRate: 10 * (i + 2),
    p50Ms: 5,
    p95Ms: 10 * (i + 1) < rate ? 10 : 900,
    busyMs: 0,
    slipMs: 0,
    missing: 0,
  })),
})

const around = (ms: number): readonly number[] => Array.from({ length: 200 }, (_, i) => ms + (i % 20) / 20)

const result = (transport: string, delays: readonly number[], changes: Partial<TransportRun> = {}): Summary =>
  summarise(Array.from({ length: 3 }, () => ({ ...run(delays, changes), transport })))

function run(delays: readonly number[], changes: Partial<TransportRun> = {}): TransportRun {
  return {
    transport: 'sse',
    delaysMs: Float64Array.from(delays).sort(),
    acceptedDelaysMs: new Float64Array(0),
    clockBoundMs: null,
    busyMs: new Float64Array(delays.length),
    independent: delays.length,
    messages: delays.length,
    refused: 0,
    refusal: null,
    expected: delays.length,
    lost: 0,
    doubled: 0,
    reordered: 0,
    overTime: [],
    confirmationsMs: new Float64Array(0),
    slipsMs: new Float64Array(delays.length),
    usage: null,
    dropped: 0,
    loopDelayMs: 0,
    cpuMs: null,
    memoryKiB: null,
    othersShare: null,
    relay: null,
    scenario: null,
    costed: delays.length,
    ...changes,
  }
}
