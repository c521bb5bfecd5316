import { describe, expect, test } from 'vitest'
import { bytesAgreement, delayAgreement } from '../../../web/measure/agreement.ts'
import type { LaneMeasurement } from '../../../web/measure/agreement.ts'
import { adviceFor } from '../../../web/measure/advice.ts'
import { conditionsOf, predict, quantileOf } from '../../../web/measure/choosing.ts'
import { reasonsFor } from '../../../web/measure/reasons.ts'
import type { ByTransport, Predicted } from '../../../web/measure/choosing.ts'
import type { LaneSizes } from '../../../web/measure/model.ts'
import { FIGURES, readWorkload, writeWorkload } from '../../../web/measure/workload.ts'
import type { Workload } from '../../../web/measure/workload.ts'
import { transports } from '../../../web/transports/index.ts'
import { LABELS, TRANSPORTS } from '../../../web/lane/order.ts'

const WAY = { roundTripMs: 40, serviceMs: 1 }
const SIZES: LaneSizes = { payload: 150, heads: 700, framing: 20, empty: 550 }
const WRITING = { post: 900, socket: 250 }
const USUAL = readWorkload('')

const all = (workload: Workload, way = WAY): ByTransport<Predicted> =>
  Object.fromEntries(
    TRANSPORTS.map((name) => [name, predict(transports[name], workload, SIZES, way, WRITING)]),
  ) as ByTransport<Predicted>

describe('the predicted use of one client in a second', () => {
  test.each(TRANSPORTS)('equals the bytes per message times the rate of messages for %s', (transport) => {
    for (const ratePerSecond of [0.02, 0.5, 3, 40]) {
      const conditions = { ...conditionsOf(USUAL, WAY), ratePerSecond }
      const each = transports[transport].model.bytesPerMessage(SIZES, conditions) ?? Number.NaN
      expect(transports[transport].model.use(SIZES, conditions).bytesPerSecond).toBeCloseTo(each * ratePerSecond, 6)
    }
  })

  test('is almost the same for a feed without messages and a feed with rare messages', () => {
    for (const transport of TRANSPORTS) {
      const idle = transports[transport].model.use(SIZES, { ...conditionsOf(USUAL, WAY), ratePerSecond: 0 })
      const rare = transports[transport].model.use(SIZES, { ...conditionsOf(USUAL, WAY), ratePerSecond: 1e-7 })
      expect(idle.bytesPerSecond).toBeGreaterThan(0)
      expect(rare.bytesPerSecond / idle.bytesPerSecond).toBeCloseTo(1, 3)
      expect(rare.requestsPerSecond).toBeCloseTo(idle.requestsPerSecond, 4)
    }
  })
})

describe('a prediction', () => {
  test('chooses the longest interval of short polling that the allowed age permits', () => {
    for (const age of [0.5, 2, 60]) {
      const { p95Ms, out } = all({ ...USUAL, age })['short-poll']
      expect(p95Ms / 1000).toBeCloseTo(age, 2)
      expect(out).toBeNull()
    }
  })

  test('excludes with a reason a transport that is too late, refused by a firewall or held back by a proxy', () => {
    expect(all({ ...USUAL, age: 0.01 }).ws.out).toMatch(/too late/)
    expect(all({ ...USUAL, path: 'firewall' }).ws.out).toMatch(/firewall/)
    expect(all({ ...USUAL, path: 'buffers' }).sse.out).toMatch(/proxy/)
    const both = all({ ...USUAL, path: 'both' })
    expect(TRANSPORTS.filter((name) => both[name].out === null)).toEqual(['short-poll', 'long-poll'])
  })

  test('weights the cost of busy times and of quiet times by their shares', () => {
    const [busy, half] = [all(USUAL).ws, all({ ...USUAL, idle: 50 }).ws]
    expect(half.bytesPerSecond / busy.bytesPerSecond).toBeCloseTo(0.5, 2)
  })

  test('counts an open connection for each client of a stream, and almost none for short polling', () => {
    const { sse, 'short-poll': short } = all({ ...USUAL, clients: 500, memory: 10 })
    expect([sse.connections, sse.memoryBytes]).toEqual([500, 500 * 10 * 1024])
    expect(short.connections).toBeLessThan(20)
    // Without a figure, the memory is the one that was measured of this server.
    const measured = all({ ...USUAL, clients: 500, memory: 0 })
    expect(measured.ws.memoryBytes).toBe(500 * 15 * 1024)
  })

  test('finds the delay below which the given share of messages lies', () => {
    const delays = transports['short-poll'].model.delay(conditionsOf(USUAL, WAY))
    for (const share of [0.05, 0.5, 0.95]) expect(delays.cdf(quantileOf(delays, share))).toBeCloseTo(share, 6)
  })
})

describe('the reasons', () => {
  const reasons = (workload: Workload) => {
    const predicted = all(workload)
    return reasonsFor(predicted, workload, transports, adviceFor(predicted, workload, transports))
  }

  test('begin with the cost of the advised transport, and name each transport that is not close to it', () => {
    const [first = '', ...rest] = reasons(USUAL)
    expect(first).toMatch(/^SSE costs 17\d bytes a second for each client, 17\d,000 in all\.$/)
    for (const name of ['short-poll', 'long-poll'] as const)
      expect(rest.join(' ')).toMatch(new RegExp(`${LABELS[name]} needs \\d+(?:\\.\\d)? times as many bytes`))
    expect(rest.join(' ')).toContain('Two costs are close if they differ by at most a quarter')
  })

  test('give the reason why each transport fails, and what to change, if all of them fail', () => {
    const sentences = reasons({ ...USUAL, age: 0.01 })
    for (const name of TRANSPORTS) expect(sentences.join(' ')).toContain(`${LABELS[name]} cannot do this task.`)
    expect(sentences.at(-1)).toMatch(/^Allow a greater age/)
  })
})

describe('model and measurement', () => {
  const predicted = all(USUAL).sse
  const measured: LaneMeasurement = {
    bytesPerSecond: predicted.bytesPerSecond,
    requestsPerSecond: 0,
    p50Ms: predicted.p50Ms,
    lowMs: predicted.p50Ms - 1,
    highMs: predicted.p50Ms + 1,
    p95Ms: null,
    messages: 100,
    answers: 100,
    bytes: 1e4,
    seconds: 60,
  }

  test('agree within a tenth, and a larger difference gets an explanation', () => {
    expect(
      bytesAgreement({ ...measured, bytesPerSecond: predicted.bytesPerSecond * 1.09 }, predicted, 0).why,
    ).toBeNull()
    expect(delayAgreement({ ...measured, p50Ms: predicted.p50Ms * 0.91 }, predicted, 0).why).toBeNull()
    const off = {
      ...measured,
      bytesPerSecond: predicted.bytesPerSecond * 1.5,
      p50Ms: predicted.p50Ms * 1.5,
      lowMs: 1e3,
      highMs: 1e4,
    }
    expect(bytesAgreement(off, predicted, 0).why).toMatch(/learnt the sizes/)
    expect(bytesAgreement({ ...off, messages: 4, answers: 4 }, predicted, 0)).toEqual({
      off: null,
      why: expect.stringMatching(/^There are too few messages for a comparison: 4\./),
      isReal: false,
    })
    expect(bytesAgreement({ ...off, seconds: 0.5 }, predicted, 0).why).toMatch(/short/)
    expect(bytesAgreement(off, predicted, 100).why).toMatch(/busy/)
    expect(delayAgreement({ ...off, answers: 4 }, predicted, 0)).toEqual({
      off: null,
      why: expect.stringMatching(/^There are too few responses for a comparison: 4\./),
      isReal: false,
    })
    expect(delayAgreement({ ...off, lowMs: 0 }, predicted, 0)).toMatchObject({
      why: expect.stringMatching(/can be chance/),
      isReal: false,
    })
    expect(delayAgreement(off, predicted, 0).isReal).toBe(true)
    expect(delayAgreement(off, predicted, 100).why).toMatch(/busy/)
    expect(delayAgreement(off, { ...predicted, p50Ms: 1 }, 0).why).toMatch(/so short/)
    expect(delayAgreement(off, predicted, 0).why).toMatch(/path may have changed/)
    const unmeasured = { ...off, p50Ms: null }
    expect(delayAgreement({ ...unmeasured, messages: 0 }, predicted, 0)).toEqual({
      off: null,
      why: 'Nothing arrived.',
      isReal: false,
    })
    expect(delayAgreement(unmeasured, predicted, 0).why).toMatch(/^No delay is known/)
  })
})

describe('the address of a workload', () => {
  test('gives the same workload when it is read again', () => {
    const other: Workload = {
      rate: 0.5,
      bytes: 10,
      clients: 7,
      age: 0.25,
      latency: 80,
      idle: 90,
      memory: 12,
      path: 'buffers',
      speaks: true,
      readers: 'phones',
      http: '2',
    }
    expect(readWorkload(writeWorkload(other))).toEqual(other)
    expect(writeWorkload(USUAL)).toBe('')
  })

  test('gives the default value if a figure in it is invalid', () => {
    for (const search of ['?rate=-1', '?rate=x', '?rate=', '?bytes=1.5', '?clients=1e9', '?path=moon', '?idle=100'])
      expect(readWorkload(search), search).toEqual(USUAL)
    expect(USUAL.rate).toBe(FIGURES.rate.usual)
  })
})
